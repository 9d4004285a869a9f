/** The list of classifiers: when a training has left the trainings at work, its classifier has come into the list. */
let count = document.querySelectorAll("#trainings [data-at-work]").length;

document.addEventListener("polled", (event) => {
  if (event.target.id !== "trainings") return;
  const now = event.target.querySelectorAll("[data-at-work]").length;
  if (now < count) location.reload();
  count = now;
});
