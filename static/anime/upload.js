/** A zip becomes a collection. */
import { UploadForm } from "../js/upload-form.js";

new UploadForm(document.getElementById("upload"), {
  checking: gettext("Everything is here; the import begins…"),
  done: (collection) => location.assign(`/anime/collections/${encodeURIComponent(collection.id)}`),
});
