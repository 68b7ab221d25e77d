// A form is sent once: the second click of a double click does nothing. (The server refuses twins too.)
document.addEventListener("submit", (event) => {
  const form = event.target;
  if (event.defaultPrevented || form.method !== "post") return;
  if (form.dataset.sent) { event.preventDefault(); return; }
  form.dataset.sent = "yes";
  // If no answer came, the person may try again.
  setTimeout(() => delete form.dataset.sent, 10000);
});

// Coming back with the browser's back button: the form is there to be used again.
addEventListener("pageshow", () => {
  for (const form of document.querySelectorAll("form[data-sent]")) delete form.dataset.sent;
});
