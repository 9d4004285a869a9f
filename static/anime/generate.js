/** Generate: fields follow the way that is chosen, dice for seeds, and drawn images come into the gallery. */
const form = document.querySelector("[data-draw]");
const HIGHEST = 2 ** 31 - 1;

function followWay() {
  const way = form.elements.way.value;
  for (const field of form.querySelectorAll("[data-way]")) field.hidden = field.dataset.way !== way;
}

for (const radio of form.elements.way) radio.addEventListener("change", followWay);
followWay();

form.elements.generator.addEventListener("change", ({ target }) => {
  location.href = `${target.dataset.address}?generator=${target.value}`; // its characters are others
});
form.querySelector("[data-dice]").addEventListener("click", () => {
  form.elements.seed.value = Math.floor(Math.random() * HIGHEST);
});
form.elements.truncation.addEventListener("input", ({ target }) => {
  form.querySelector("[data-truncation]").textContent = Number(target.value).toFixed(2);
});

document.body.addEventListener("htmx:afterSwap", ({ detail }) => {
  if (detail.target.id === "drawn" || detail.elt.id === "drawn") {
    const filters = document.querySelector("#gallery form");
    if (document.querySelector("[data-drawn-now]")) window.htmx.trigger(filters, "change");
  }
});
