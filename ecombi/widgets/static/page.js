// What a page does without its kernel: the theme, and the change from the first picture to the live widgets.
{
  const root = document.documentElement;
  const order = ["auto", "light", "dark"];
  const button = document.getElementById("theme");
  const theme = () => root.dataset.theme ?? "auto";
  const name = () => { button.textContent = `Theme: ${theme()}`; };
  name();
  button.addEventListener("click", () => {
    const next = order[(order.indexOf(theme()) + 1) % order.length];
    if (next === "auto") delete root.dataset.theme;
    else root.dataset.theme = next;
    try {
      localStorage.setItem("theme", next);
    } catch (refused) { /* then it lasts as long as the page */ }
    const url = new URL(location.href);
    if (url.searchParams.has("theme")) {
      url.searchParams.delete("theme");
      history.replaceState(null, "", url);
    }
    name();
  });

  const first = document.querySelector("#snapshot > [data-panels]");
  if (first) {
    for (const place of document.querySelectorAll("[data-fresh]")) {
      place.textContent = first.dataset.freshText;
      place.title = first.dataset.freshTitle;
    }
    let missing = Number(first.dataset.panels);
    document.addEventListener("ecombi:panel", () => {
      missing -= 1;
      if (missing > 0) return;
      document.getElementById("snapshot")?.remove();
      document.body.dataset.live = "true";
    });
  }
  // A page brought back from the browser's memory has lost its kernel.
  addEventListener("pageshow", (event) => { if (event.persisted) location.reload(); });
}
