#pragma once

#include "trainer.hpp"

#include <memory>

namespace merc {

/// A trained network, ready to be asked. No LibTorch in this header.
class Classifier {
 public:
  /// The selected weights of a run: folder/best.pt and folder/config.json.
  static Classifier from_run(const std::filesystem::path& folder, const std::string& device = "cpu");

  /// A file of weights: best.pt and pretrained.pt of a run, which carry their configuration, or a state dict as the released trainer saves
  /// it. Sizes come from the shapes; what shapes cannot tell (heads, pooling) from that configuration, else from `config`.
  static Classifier from_weights(const std::filesystem::path& file, const Config& config = Config::official(),
                                 const std::string& device = "cpu");

  /// Throws DataError where the corpus does not fit: "PATH: `text` has 100 columns, the weights expect 768", and for encoders alone.
  Predictions predict(const Corpus& corpus, const std::string& split) const;

  /// What the encoders say: one row an utterance, and their mean, one row a dialog. One entry a modality, and "fused", which encoders alone
  /// have not.
  struct Embeddings {
    std::map<std::string, Matrix> utterances;
    std::map<std::string, Matrix> dialogs;
  };
  Embeddings embed(const Corpus& corpus, const std::string& split) const;

  int classes() const;  ///< 0: encoders alone, as stage 1 leaves them

 private:
  struct Network;
  explicit Classifier(std::shared_ptr<Network> network);
  std::shared_ptr<Network> network_;
};

}  // namespace merc
