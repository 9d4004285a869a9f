/** When an import, a download or a prediction that this page follows has ended, the page shows what came of it. */

document.addEventListener("polled", (event) => {
  const part = event.target;
  if (["import", "download", "prediction-progress"].includes(part.id) && !("working" in part.dataset)) location.reload();
});
