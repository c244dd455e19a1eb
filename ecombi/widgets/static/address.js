// Keeps the address bar and the kernel's state the same: a bookmark is a state, and Back goes back.

const KEPT = ["theme"];
const MINUTE = 60_000;
const PATIENCE = 300;

function render({ model }) {
  const url = () => {
    const wanted = new URLSearchParams(model.get("query"));
    const now = new URLSearchParams(location.search);
    for (const name of KEPT) if (now.has(name)) wanted.set(name, now.get(name));
    const text = wanted.toString().replaceAll("%2C", ",");
    return location.pathname + (text ? `?${text}` : "") + location.hash;
  };
  const write = () => {
    if (url() !== location.pathname + location.search + location.hash) history.pushState(null, "", url());
  };
  const read = () => {
    model.set("query", location.search.slice(1));
    model.save_changes();
  };
  const facts = () => {
    for (const place of document.querySelectorAll("[data-fresh]")) {
      place.textContent = model.get("fresh");
      place.title = model.get("fresh_title");
    }
  };
  let waiting;
  const busy = () => {
    clearTimeout(waiting);
    if (model.get("busy")) waiting = setTimeout(() => document.body.classList.add("busy"), PATIENCE);
    else document.body.classList.remove("busy");
  };
  const look = () => {
    if (document.visibilityState === "visible") model.send({ do: "look", name: "", value: "" });
  };
  const looking = setInterval(look, MINUTE);
  history.replaceState(null, "", url());
  facts();
  model.on("change:query", write);
  model.on("change:fresh", facts);
  model.on("change:busy", busy);
  addEventListener("popstate", read);
  return () => {
    clearInterval(looking);
    removeEventListener("popstate", read);
  };
}

export default { render };
