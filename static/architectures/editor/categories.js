/** Words for the categories of operators. A category that is not listed shows its own name. */

const TITLES = {
  input: () => gettext("Input and output"),
  convolution: () => gettext("Convolution"),
  pooling: () => gettext("Pooling"),
  normalization: () => gettext("Normalization"),
  activation: () => gettext("Activation"),
  regularization: () => gettext("Regularization"),
  linear: () => gettext("Linear"),
  shape: () => gettext("Shape"),
  merge: () => gettext("Join"),
  attention: () => gettext("Attention"),
  embedding: () => gettext("Embedding"),
  block: () => gettext("Blocks"),
  backbone: () => gettext("Backbones"),
  detection: () => gettext("Detector heads"),
};

export const categoryTitle = (category) => TITLES[category]?.() ?? category;
