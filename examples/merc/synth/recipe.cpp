#include "synth/recipe.hpp"

#include <stdexcept>

namespace merc::synth {
namespace {

const std::string opening = "Synthetic utterance ";

}  // namespace

Recipe Recipe::iemocap() {
  Recipe recipe;
  recipe.channels = {
      {"text", {.dim = 768, .emotion = 1.6, .scene = 2.0, .voice = 0.5, .take = 0.5}},
      {"audio", {.dim = 100, .emotion = 1.3, .scene = 2.0, .voice = 1.0, .take = 0.5}},
      {"visual", {.dim = 512, .emotion = 0.8, .scene = 0.7, .voice = 2.0, .take = 0.8}},
  };
  return recipe;
}

Recipe Recipe::meld() {
  Recipe recipe;
  recipe.shape = Shape::Meld;
  recipe.dialogs = 1432;
  recipe.scenarios = 40;
  recipe.mean_length = 9.6;
  recipe.channels = {
      {"text", {.dim = 600, .emotion = 1.6, .scene = 2.0, .voice = 0.5, .take = 0.5}},
      {"audio", {.dim = 300, .emotion = 1.3, .scene = 2.0, .voice = 1.0, .take = 0.5}},
  };
  return recipe;
}

Recipe& Recipe::scale(double Channel::* part, double factor) {
  for (auto& [name, channel] : channels) channel.*part *= factor;
  return *this;
}

Recipe& Recipe::widths(const std::map<std::string, int64_t>& dims) {
  std::map<std::string, Channel> kept;
  for (const auto& [name, dim] : dims) {
    const auto found = channels.find(name);
    if (found == channels.end()) {
      std::string known;
      for (const auto& [other, channel] : channels) known += (known.empty() ? "" : ", ") + other;
      throw std::invalid_argument("no modality \"" + name + "\" in this shape; there are: " + known);
    }
    if (dim < 1) throw std::invalid_argument("the width of " + name + " must be at least 1, got " + std::to_string(dim));
    kept[name] = found->second;
    kept[name].dim = dim;
  }
  channels = std::move(kept);
  return *this;
}

const std::vector<std::string>& emotions(Shape shape) {
  static const std::vector<std::string> iemocap{"happy", "sad", "neutral", "angry", "excited", "frustrated"};
  static const std::vector<std::string> meld{"neutral", "surprise", "fear", "sadness", "joy", "disgust", "anger"};
  return shape == Shape::Iemocap ? iemocap : meld;
}

bool made_here(const Corpus& corpus) {
  for (const auto& [name, split] : corpus.splits)
    for (const auto& dialog : split.dialogs)
      for (const auto& said : dialog.sentences) return said.starts_with(opening);
  return false;
}

std::string sentence(const std::string& dialog, int64_t number) { return opening + std::to_string(number) + " of " + dialog + '.'; }

}  // namespace merc::synth
