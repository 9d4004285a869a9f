/** A list of trained models: when a training has left those at work, its model has come into the list. */
let count = document.querySelectorAll("#trainings [data-at-work]").length;

document.addEventListener("polled", (event) => {
  if (event.target.id !== "trainings") return;
  const now = event.target.querySelectorAll("[data-at-work]").length;
  if (now < count) location.reload();
  count = now;
});
