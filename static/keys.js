// Keys for people who live in here: "/" searches, "?" explains, "g" and a letter goes. Never while typing.
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
    event.preventDefault();
    const field = [...document.querySelectorAll(".find input, main form[role=search] input")].find((input) => input.checkVisibility());
    if (field) { field.focus(); field.select(); } else document.querySelector(".find-link")?.click();
  }
});

for (const link of document.querySelectorAll("[data-keys]")) {
  link.addEventListener("click", (event) => { event.preventDefault(); link.closest("details").open = false; document.getElementById("keys").showModal(); });
}
