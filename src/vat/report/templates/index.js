"use strict";
const body = document.getElementById("videos");
const heads = [...body.parentElement.querySelectorAll("th")];
const value = (row, at) => {
  const cell = row.cells[at];
  return "value" in cell.dataset
    ? (cell.dataset.value === "" ? -Infinity : Number(cell.dataset.value))
    : cell.textContent.trim();
};
heads.forEach((head, at) => head.firstElementChild.addEventListener("click", () => {
  const down = head.getAttribute("aria-sort") === "ascending";
  heads.forEach((other) => other.setAttribute("aria-sort", "none"));
  head.setAttribute("aria-sort", down ? "descending" : "ascending");
  const order = (one, other) => {
    const [a, b] = [value(one, at), value(other, at)];
    return typeof a === "string" ? a.localeCompare(b) : a === b ? 0 : a - b;
  };
  const rows = [...body.rows].sort((a, b) => (down ? -1 : 1) * order(a, b));
  body.append(...rows);
}));
document.getElementById("filter").addEventListener("input", (event) => {
  const wanted = event.target.value.toLowerCase();
  for (const row of body.rows) row.hidden = !row.textContent.toLowerCase().includes(wanted);
});
