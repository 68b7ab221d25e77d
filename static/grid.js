// The grid behaves like a spreadsheet: arrows and Enter move, a block pastes, changed cells are marked, totals follow.
// table.grid with inputs in td.in; an input's data-sum="id" adds into <output id="id">; in the form around it
// (several ids with blanks between), what stands after a sum in data-counts says what of it counts where that is something
// else, and in data-gap="name of a target's field" how far that is off; an input's data-part="16 20 0 1" is what of it counts:
// 16 ÷ 20, rounded to no decimals, at least 1;
// an input's data-was is what stands, where the page was drawn with another text;
// [data-changed] holds the sentence about changes and [data-undo] is a button that takes all of them back.
const table = document.querySelector("table.grid");
const form = table.closest("form");
const rows = [...table.tBodies].flatMap((body) => [...body.rows]).map((row) => [...row.querySelectorAll("td.in input")]).filter((row) => row.length);
const inputs = rows.flat();
const place = new Map(rows.flatMap((row, r) => row.map((input, c) => [input, [r, c]])));
const said = form?.querySelector("[data-changed]");
const undo = form?.querySelector("[data-undo]");
const fill = form?.querySelector("[data-fill]");
let last;
const before = said?.textContent;

// The signs of the reader's form of numbers.
const { group = ",", decimal = "." } = document.documentElement.dataset;

// What a person typed as a number, as the server reads it (src/web/number.rs): a lone sign before three digits is decimal
// where the reader writes it so; before fewer or more it always is, and several of one kind always group.
const number = (text) => {
  const plain = text.replace(/[\s'’%€$£]/g, "").replace(/−/g, "-");
  const at = Math.max(plain.lastIndexOf("."), plain.lastIndexOf(","));
  const kinds = new Set(plain.match(/[.,]/g));
  const several = kinds.size === 1 && plain.indexOf(plain[at]) !== at;
  const groups = several || (kinds.size === 1 && plain[at] !== decimal && /^-?[1-9]\d{0,2}.\d{3}$/.test(plain));
  const whole = (at < 0 || groups ? plain : plain.slice(0, at)).replace(/[.,]/g, "");
  const value = Number(at < 0 || groups ? whole : `${whole}.${plain.slice(at + 1)}`);
  return plain && Number.isFinite(value) ? value : 0;
};

const was = (input) => input.dataset.was ?? input.defaultValue;
const changed = (input) => input.value.trim() !== was(input).trim();

const shown = (value) => value.toLocaleString("en", { maximumFractionDigits: 4 })
  .replace(/[,.-]/g, (sign) => ({ ",": group, ".": decimal, "-": "−" })[sign]);
// The same words as the server's (src/targets/draw.rs).
const off = (gap) => (gap === 0 ? "as the target" : `${shown(Math.abs(gap))} ${gap < 0 ? "below" : "above"} the target`);

// What of a target counts, as the server says (src/domain/target.rs).
const part = (value, share) => {
  if (!share) return value;
  const [days, of, decimals, least] = share.split(" ").map(Number);
  if (days === 0) return 0;
  const unit = 10 ** decimals;
  return Math.max(Math.round(Math.round(value * unit) * days / of) / unit, value > 0 ? least : -Infinity);
};

const refresh = () => {
  const sums = new Map();
  for (const input of inputs) {
    input.closest("td").classList.toggle("changed", changed(input));
    for (const id of input.dataset.sum?.split(" ") ?? []) {
      const [set, counts] = sums.get(id) ?? [0, 0];
      const value = number(input.value);
      sums.set(id, [set + value, counts + part(value, input.dataset.part)]);
    }
  }
  for (const [id, [set, sum]] of sums) {
    const output = document.getElementById(id);
    if (!output) continue;
    output.textContent = shown(set);
    const counts = output.parentElement.querySelector("[data-counts]");
    if (counts) counts.textContent = shown(set) === shown(sum) ? "" : `(counts ${shown(sum)})`;
    const gap = output.parentElement.querySelector("[data-gap]");
    const goal = gap && document.getElementById(gap.dataset.gap)?.value.trim();
    if (gap) gap.textContent = goal ? off(sum - number(goal)) : "";
  }
  const count = inputs.filter(changed).length;
  if (said) said.textContent = count === 0 ? before : count === 1 ? "1 cell changed" : `${count} cells changed`;
  if (undo) undo.hidden = count === 0;
};

const move = (event, dr, dc) => {
  const [r, c] = place.get(event.target);
  const next = rows[r + dr]?.[c + dc];
  if (next) { event.preventDefault(); next.focus(); next.select(); }
};

// The cell so many rows and columns away, in the same part of the grid: reps are not filled into teams.
const beside = (input, dr, dc) => {
  const [r, c] = place.get(input);
  const other = rows[r + dr]?.[c + dc];
  return other?.closest("tbody") === input.closest("tbody") ? other : undefined;
};

table.addEventListener("focusin", (event) => {
  if (!place.has(event.target)) return;
  last = event.target;
  last.select();
  if (fill) fill.hidden = false;
});
table.addEventListener("input", refresh);
table.addEventListener("keydown", (event) => {
  const input = event.target;
  if (!place.has(input) || event.altKey) return;
  if (event.ctrlKey || event.metaKey) {
    // As in spreadsheets: Ctrl+D takes the value above, Ctrl+R the one on the left, and goes on.
    const down = event.key.toLowerCase() === "d";
    if (event.shiftKey || (!down && event.key.toLowerCase() !== "r")) return;
    event.preventDefault();
    const from = down ? beside(input, -1, 0) : beside(input, 0, -1);
    if (!from) return;
    if (!input.readOnly) input.value = from.value;
    refresh();
    const next = down ? beside(input, 1, 0) : beside(input, 0, 1);
    (next ?? input).focus();
    return;
  }
  const all = input.selectionStart === 0 && input.selectionEnd === input.value.length;
  if (event.key === "ArrowUp") move(event, -1, 0);
  else if (event.key === "ArrowDown") move(event, 1, 0);
  else if (event.key === "Enter") { event.preventDefault(); move(event, event.shiftKey ? -1 : 1, 0); }
  else if (event.key === "ArrowLeft" && (all || input.selectionEnd === 0)) move(event, 0, -1);
  else if (event.key === "ArrowRight" && (all || input.selectionStart === input.value.length)) move(event, 0, 1);
  else if (event.key === "Escape" && changed(input)) { input.value = was(input); refresh(); input.select(); }
});
table.addEventListener("paste", (event) => {
  if (!place.has(event.target)) return;
  const text = event.clipboardData.getData("text/plain").replace(/\r?\n$/, "");
  if (!/[\t\n]/.test(text)) return;
  event.preventDefault();
  const [top, left] = place.get(event.target);
  text.split(/\r?\n/).forEach((line, r) => line.split("\t").forEach((value, c) => {
    const input = rows[top + r]?.[left + c];
    if (input && !input.readOnly) input.value = value.trim();
  }));
  refresh();
});
fill?.addEventListener("click", () => {
  for (let cell = beside(last, 1, 0); cell; cell = beside(cell, 1, 0)) if (!cell.readOnly) cell.value = last.value;
  refresh();
  last.focus();
});
undo?.addEventListener("click", () => { for (const input of inputs) input.value = was(input); refresh(); });

// Leaving with unsaved cells asks first.
addEventListener("beforeunload", (event) => { if (!form?.dataset.sent && inputs.some(changed)) event.preventDefault(); });
refresh();
