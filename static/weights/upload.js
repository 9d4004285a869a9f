/** Upload of weights. */
import { UploadForm } from "../js/upload-form.js";

const form = document.getElementById("upload");

if (form) {
  const upload = new UploadForm(form, {
    done: (body) => location.assign(`/weights/${encodeURIComponent(body.id)}`),
    checking: gettext("Everything is here; the tensors are compared with the architecture…"),
  });
  upload.input.addEventListener("change", () => {
    const { name } = form.elements;
    if (!name.value && upload.input.files[0]) name.value = upload.input.files[0].name.replace(/\.[^.]+$/, "");
  });
}
