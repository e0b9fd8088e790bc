#pragma once

#include "train/trainer.hpp"

#include <unistd.h>

#include <filesystem>
#include <random>
#include <string>
#include <vector>

/// Corpora and folders small enough that a test trains in a second.
namespace merc::tiny {

struct Shape {
  int dialogs = 12;
  int classes = 3;
  int64_t text = 6;
  int64_t audio = 4;
  uint32_t seed = 1;
};

/// A dialog whose features say the label, with noise.
inline Dialog dialog(const std::string& id, int utterances, const Shape& shape, std::mt19937& random) {
  std::normal_distribution<float> noise(0, 0.5F);
  std::uniform_int_distribution<int> label(0, shape.classes - 1);
  Dialog dialog{.id = id,
                .speakers = {},
                .labels = {},
                .sentences = {},
                .features = {{"text", {utterances, shape.text, {}}}, {"audio", {utterances, shape.audio, {}}}}};
  for (int u = 0; u < utterances; ++u) {
    dialog.labels.push_back(label(random));
    dialog.speakers.push_back(u % 2 ? "M" : "F");
    for (auto& [modality, matrix] : dialog.features)
      for (int64_t c = 0; c < matrix.cols; ++c)
        matrix.values.push_back((c % shape.classes == dialog.labels.back() ? 2.F : 0.F) + noise(random));
  }
  return dialog;
}

inline Corpus corpus(const Shape& shape = {}) {
  std::mt19937 random(shape.seed);
  Corpus corpus;
  corpus.path = "tiny";
  corpus.format = "open";
  corpus.classes = shape.classes;
  corpus.modalities = {{"text", {shape.text, "float32"}}, {"audio", {shape.audio, "float32"}}};
  corpus.fingerprint = "fingerprint-" + std::to_string(shape.seed);
  for (const auto& [split, dialogs] : {std::pair{"train", shape.dialogs}, std::pair{"dev", 4}, std::pair{"test", 5}})
    for (int d = 0; d < dialogs; ++d)
      corpus.splits[split].dialogs.push_back(dialog(std::string(split) + std::to_string(d), 3 + (5 * d) % 7, shape, random));
  return corpus;
}

/// The other corpus: other widths and classes.
inline Corpus other_corpus() { return corpus({.dialogs = 14, .classes = 4, .text = 5, .audio = 3, .seed = 2}); }

inline Config config(Ablation ablation) {
  Config config;
  config.ablation = ablation;
  config.model.hidden = 16;
  config.model.heads = 2;
  config.model.dropout = 0.2;
  config.pretrain = {.epochs = 4, .batch_size = 5, .learning_rate = 1e-3, .temperature = 0.5, .memory_bank = 6};
  config.finetune = {.epochs = 6, .batch_size = 5, .learning_rate = 5e-3, .num_neighbors = 3, .memory_bank = 4};
  config.threads = 1;
  config.save_seconds = 0;
  return config;
}

/// Keeps what the trainer says.
struct Listener : Observer {
  std::vector<std::string> notes;
  std::vector<EpochRecord> records, had;
  int64_t batches = 0;
  void note(const std::string& line) override { notes.push_back(line); }
  void resumed(const std::vector<EpochRecord>& history) override { had = history; }
  void batch(const std::string&, int64_t, int64_t, int64_t, int64_t) override { ++batches; }
  void epoch(const EpochRecord& record) override { records.push_back(record); }

  bool said(const std::string& part) const {
    for (const auto& line : notes)
      if (line.find(part) != std::string::npos) return true;
    return false;
  }
};

/// A folder of its own, gone with the test.
class Folder {
 public:
  explicit Folder(const std::string& name)
      : path_(std::filesystem::temp_directory_path() / ("idcl-merc-test-" + name + "-" + std::to_string(::getpid()))) {
    std::filesystem::remove_all(path_);
    std::filesystem::create_directories(path_);
  }
  Folder(const Folder&) = delete;
  Folder& operator=(const Folder&) = delete;
  ~Folder() { std::filesystem::remove_all(path_); }
  const std::filesystem::path& path() const { return path_; }

 private:
  std::filesystem::path path_;
};

inline Outcome run(const Corpus& data, const Config& config, Listener& listener, const Run& run = {}) {
  const auto other = other_corpus();
  return train(data, config.ablation == Ablation::C ? std::optional(std::cref(other)) : std::nullopt, config, listener, run);
}

}  // namespace merc::tiny
