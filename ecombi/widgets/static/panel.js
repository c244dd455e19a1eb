// Shows the HTML its model holds, keeps what the reader has open or focused, and reports what is pressed.

/** Change `from` into `to` in place, so that focus, scrolling and open menus survive. */
function morph(from, to) {
  const old = [...from.childNodes];
  const wanted = [...to.childNodes];
  wanted.forEach((next, i) => {
    const now = old[i];
    if (!now) from.append(next);
    else if (now.nodeName !== next.nodeName || now.dataset?.key !== next.dataset?.key) now.replaceWith(next);
    else if (now.nodeType !== Node.ELEMENT_NODE) { if (now.data !== next.data) now.data = next.data; }
    else {
      dress(now, next);
      morph(now, next);
    }
  });
  old.slice(wanted.length).forEach((gone) => gone.remove());
}

function dress(now, next) {
  for (const { name } of [...now.attributes])
    if (!next.hasAttribute(name) && !(name === "open" && now.nodeName === "DETAILS")) now.removeAttribute(name);
  for (const { name, value } of next.attributes) if (now.getAttribute(name) !== value) now.setAttribute(name, value);
  if (now.nodeName === "INPUT") {
    now.checked = next.hasAttribute("checked");
    if (now !== document.activeElement) now.value = next.getAttribute("value") ?? "";
  }
}

function download({ name, text }) {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(new Blob(["\ufeff", text], { type: "text/csv;charset=utf-8" }));
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 1000);
}

async function copyLink(button) {
  const url = new URL(location.href);
  if (button.dataset.anchor) url.hash = button.dataset.anchor;
  try {
    await navigator.clipboard.writeText(url.href);
    button.dataset.said = "Copied";
  } catch (refused) {
    prompt("Copy this link", url.href);
  }
  setTimeout(() => delete button.dataset.said, 1500);
}

function render({ model, el }) {
  el.classList.add("panel");
  const template = document.createElement("template");
  const show = () => {
    template.innerHTML = model.get("html");
    morph(el, template.content);
  };
  const press = (control, value) => model.send({ do: control.dataset.do, name: control.dataset.name ?? "", value });

  const click = (event) => {
    const control = event.target.closest("[data-do]:not(fieldset, form)");
    if (!control) return;
    event.preventDefault();
    if (control.dataset.do !== "sql") control.closest("details.menu")?.removeAttribute("open");
    if (control.dataset.do === "copy-link") copyLink(control);
    else if (control.dataset.do === "more") {
      const all = control.closest(".filters").classList.toggle("all");
      control.setAttribute("aria-expanded", all);
    } else if (control.dataset.do === "print") window.print();
    else press(control, control.dataset.value ?? "");
  };
  const change = (event) => {
    const group = event.target.closest("fieldset[data-do]");
    if (group) press(group, [...group.querySelectorAll("input:checked")].map((input) => input.value));
  };
  const submit = (event) => {
    event.preventDefault();
    const form = event.target;
    form.closest("details")?.removeAttribute("open");
    if (form.dataset.do) press(form, [...form.querySelectorAll("input")].map((input) => input.value));
  };
  const outside = (event) => {
    for (const menu of el.querySelectorAll("details[open]")) if (!menu.contains(event.target)) menu.removeAttribute("open");
  };
  const escape = (event) => {
    if (event.key !== "Escape") return;
    for (const menu of el.querySelectorAll("details[open]")) {
      menu.removeAttribute("open");
      menu.querySelector("summary").focus();
    }
  };
  const told = ({ download: file, fill }) => {
    if (file) download(file);
    if (fill) for (const place of el.querySelectorAll(`[data-fill="${fill.place}"]`)) place.textContent = fill.text;
  };

  show();
  model.on("change:html", show);
  model.on("msg:custom", told);
  el.addEventListener("click", click);
  el.addEventListener("change", change);
  el.addEventListener("submit", submit);
  document.addEventListener("pointerdown", outside);
  el.addEventListener("keydown", escape);
  requestAnimationFrame(() => {
    const tile = el.closest(".widget-box.tile");
    if (tile && model.get("label")) {
      tile.setAttribute("role", "region");
      tile.setAttribute("aria-label", model.get("label"));
    }
    document.dispatchEvent(new CustomEvent("ecombi:panel"));
  });
  return () => {
    model.off("change:html", show);
    model.off("msg:custom", told);
    document.removeEventListener("pointerdown", outside);
  };
}

export default { render };
