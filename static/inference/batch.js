/** The form of a batch: one of three sources; an archive goes up with a bar. */
import { UploadForm } from "../js/upload-form.js";

const form = document.getElementById("batch");
const chosen = () => form.querySelector("input[name=from]:checked")?.value ?? "zip";

class BatchForm extends UploadForm {
  /** Only the fields of the chosen source. */
  data() {
    const data = super.data();
    const source = chosen();
    data.delete("from");
    if (source !== "dataset") for (const key of ["dataset_version", "split"]) data.delete(key);
    if (source !== "folder") data.delete("folder");
    if (source !== "zip") data.delete("file");
    if (source === "dataset") data.delete("every_nth");
    return data;
  }

  send() {
    super.send();
    this.zone.hidden = chosen() === "zip";
  }
}

const batch = new BatchForm(form, {
  done: (body) => location.assign(`/inference/jobs/${encodeURIComponent(body.id)}`),
  checking: gettext("Everything is here; the file is looked over…"),
  needsFile: () => chosen() === "zip",
});

function show() {
  for (const part of form.querySelectorAll("[data-from]")) part.hidden = part.dataset.from !== chosen();
  form.querySelector("[data-films]").hidden = chosen() === "dataset";
  batch.look();
}

form.addEventListener("change", (event) => {
  if (event.target.name === "from") show();
});
show();
