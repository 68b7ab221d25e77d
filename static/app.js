// What every page gets on top of working HTML: it works without any of this.
import "./forms.js";
import "./keys.js";

// Buttons that only a script can serve are hidden until now.
for (const button of document.querySelectorAll("[data-print], [data-copy]")) button.hidden = false;

document.addEventListener("click", async (event) => {
  const button = event.target.closest("[data-print], [data-copy], [data-close]");
  if (!button) {
    // A click beside the open profile menu closes it.
    for (const menu of document.querySelectorAll("details.menu[open]")) if (!menu.contains(event.target)) menu.open = false;
    return;
  }
  if ("print" in button.dataset) print();
  if ("close" in button.dataset) button.closest(".toast").remove();
  if ("copy" in button.dataset) {
    const input = document.getElementById(button.dataset.copy);
    input.select();
    await navigator.clipboard?.writeText(input.value).catch(() => {});
    const status = button.querySelector("[role=status]");
    if (status) status.textContent = "Copied";
  }
});

document.addEventListener("keydown", (event) => {
  const menu = event.key === "Escape" && document.querySelector("details.menu[open]");
  if (menu) { menu.open = false; menu.querySelector("summary").focus(); }
});

// A toast without an undo leaves by itself, unless somebody is at it.
for (const toast of document.querySelectorAll(".toast")) {
  toast.querySelector("[data-close]").hidden = false;
  if (toast.querySelector("form")) continue;
  const leave = () => (toast.matches(":hover, :focus-within") ? setTimeout(leave, 4000) : toast.remove());
  setTimeout(leave, 8000);
}

// Links to a mistake open what hides the field, and put the cursor into it.
document.querySelector(".summary-error")?.focus();

if (document.querySelector("table.grid input")) import("./grid.js");
