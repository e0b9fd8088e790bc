#pragma once

#include "trainer.hpp"

#include <memory>

namespace merc {

/// A trained network, ready to be asked. No LibTorch in this header.
class Classifier {
 public:
  /// The selected weights of a run: folder/best.pt and folder/config.json.
  static Classifier from_run(const std::filesystem::path& folder, const std::string& device = "cpu");

  /// A state dict, as the released trainer or this one saves it. Sizes come from the shapes; what shapes cannot tell (heads, modalities,
  /// pooling) comes from `config`.
  static Classifier from_weights(const std::filesystem::path& file, const Config& config, const std::string& device = "cpu");

  /// Throws DataError where the corpus does not fit: "PATH: `text` has 100 columns, the weights expect 768".
  Predictions predict(const Corpus& corpus, const std::string& split) const;

  /// What the encoders say: one row an utterance, and their mean, one row a dialog. One entry a modality, and "fused".
  struct Embeddings {
    std::map<std::string, Matrix> utterances;
    std::map<std::string, Matrix> dialogs;
  };
  Embeddings embed(const Corpus& corpus, const std::string& split) const;

  int classes() const;

 private:
  struct Network;
  explicit Classifier(std::shared_ptr<Network> network);
  std::shared_ptr<Network> network_;
};

}  // namespace merc
