/** Shows over an image where the network looked. */
document.addEventListener("change", ({ target }) => {
  if (target.matches?.("[data-see]")) target.closest(".recognition").querySelector(".seen").toggleAttribute("data-on", target.checked);
});
