/** Theme and density: kept in cookies so that the server paints the right page at once. */

const YEAR = 365 * 24 * 3600;

function remember(name, value) {
  document.cookie = `${name}=${value}; path=/; max-age=${YEAR}; samesite=lax`;
}

function choose(attribute, button) {
  const value = button.dataset[`${attribute}Choice`];
  remember(attribute, value);
  if (attribute === "theme" && value === "auto") delete document.documentElement.dataset.theme;
  else document.documentElement.dataset[attribute] = value;
  for (const other of document.querySelectorAll(`[data-${attribute}-choice]`)) {
    other.setAttribute("aria-pressed", String(other === button));
  }
  document.dispatchEvent(new CustomEvent("theme-changed"));
}

document.addEventListener("click", (event) => {
  const theme = event.target.closest?.("[data-theme-choice]");
  if (theme) choose("theme", theme);
  const density = event.target.closest?.("[data-density-choice]");
  if (density) choose("density", density);
});

matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => {
  document.dispatchEvent(new CustomEvent("theme-changed"));
});
