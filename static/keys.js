// Keys for people who live in here: "/" finds, "?" explains, "g" and a letter goes. Never while typing.
const typing = (el) => el.closest("input, textarea, select, [contenteditable]");
let going = -Infinity;

document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || typing(event.target) || document.querySelector("dialog[open]")) return;
  const key = event.key;
  if (event.timeStamp - going < 1500) {
    going = -Infinity;
    const link = /^[a-z]$/.test(key) && document.querySelector(`.topbar a[data-key="${key}"]`);
    if (link) { event.preventDefault(); link.click(); }
    return;
  }
  if (key === "g") going = event.timeStamp;
  if (key === "?") document.getElementById("keys")?.showModal();
  if (key === "/") {
    const field = document.querySelector("main input[type=search]") ?? document.querySelector(".find input");
    if (field?.checkVisibility()) { event.preventDefault(); field.focus(); field.select(); }
  }
});

for (const button of document.querySelectorAll("[data-keys]")) {
  button.hidden = false;
  button.addEventListener("click", () => { button.closest("details").open = false; document.getElementById("keys").showModal(); });
}
