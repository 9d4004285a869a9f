/** More images of a character: they go up together and wait for the next version. */
import { bytes } from "../js/numbers.js";
import { UploadForm } from "../js/upload-form.js";

class ImagesUpload extends UploadForm {
  look() {
    super.look();
    const files = [...this.input.files];
    if (files.length < 2) return;
    const total = files.reduce((sum, file) => sum + file.size, 0);
    const words = interpolate(ngettext("%s image", "%s images", files.length), [files.length]);
    this.zone.querySelector("[data-chosen]").textContent = `${words} · ${bytes(total)}`;
  }

  data() {
    const ordered = super.data();
    ordered.delete(this.input.name);
    for (const file of this.input.files) ordered.append(this.input.name, file);
    return ordered;
  }
}

new ImagesUpload(document.getElementById("upload"), {
  checking: gettext("Everything is here; the images are looked at…"),
  done: () => location.reload(),
});
