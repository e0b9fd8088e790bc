#include "synth/generate.hpp"

#include "synth/plan.hpp"
#include "synth/random.hpp"

#include <Eigen/Dense>

#include <algorithm>
#include <cmath>
#include <stdexcept>

namespace merc::synth {
namespace {

constexpr int latent = 64;
constexpr int phases = 3;
constexpr double gain = 0.5;

using Vector = Eigen::VectorXd;
using Values = std::vector<double>;

Vector normals(Stream& stream, Eigen::Index size) {
  Vector values(size);
  for (auto& value : values) value = stream.normal();
  return values;
}

/// Valence, arousal, the emotion's own axis, and its share of the utterances of the real corpus.
struct Emotion {
  double valence, arousal;
  int axis;
  double prior;
};

/// Joy and happiness are one axis in both shapes, likewise the others that two names stand for.
const std::vector<Emotion>& emotion_table(Shape shape) {
  static const std::vector<Emotion> iemocap{{0.8, 0.1, 0, 0.087},  {-0.6, -0.5, 1, 0.146}, {0.0, -0.2, 2, 0.230},
                                            {-0.6, 0.7, 3, 0.148}, {0.7, 0.7, 4, 0.140},   {-0.6, 0.2, 5, 0.249}};
  static const std::vector<Emotion> meld{{0.0, -0.2, 2, 0.47}, {0.2, 0.7, 6, 0.12},  {-0.6, 0.6, 7, 0.03}, {-0.6, -0.5, 1, 0.07},
                                         {0.8, 0.4, 0, 0.17},  {-0.7, 0.3, 8, 0.03}, {-0.6, 0.7, 3, 0.11}};
  return shape == Shape::Iemocap ? iemocap : meld;
}

/// e_y: one column an emotion, [latent, C].
Eigen::MatrixXd prototypes(Shape shape) {
  const auto& table = emotion_table(shape);
  Eigen::MatrixXd columns = Eigen::MatrixXd::Zero(latent, static_cast<Eigen::Index>(table.size()));
  for (std::size_t y = 0; y < table.size(); ++y) {
    const auto column = static_cast<Eigen::Index>(y);
    columns(0, column) = 0.8 * table[y].valence;
    columns(1, column) = 0.8 * table[y].arousal;
    columns(2 + table[y].axis, column) = 0.6;
  }
  return columns;
}

/// What all dialogs of a corpus share.
class World {
 public:
  explicit World(const Recipe& recipe) : recipe_(recipe), prototypes_(prototypes(recipe.shape)) {
    for (const auto& [name, channel] : recipe.channels) {
      Stream stream(recipe.seed, {"sensor", name});
      Eigen::MatrixXd sensor(channel.dim, latent);
      for (auto& value : sensor.reshaped()) value = stream.normal();
      sensors_[name] = sensor * (gain / std::sqrt(latent));
    }
  }

  /// The dialog of a plan: a length, then an emotion and a speaker for each utterance, then the features.
  Dialog tell(const Plan& plan) const {
    Dialog dialog;
    dialog.id = plan.id;
    Stream stream(recipe_.seed, {"dialog", plan.id});
    const int length = draw_length(stream);
    std::vector<int> who = draw_turns(stream, length, static_cast<int>(plan.voices.size()));
    dialog.labels = draw_emotions(stream, plan, who);
    for (int u = 0; u < length; ++u) {
      dialog.speakers.push_back(plan.speakers[who[u]]);
      dialog.sentences.push_back(sentence(plan.id, u));
    }
    for (const auto& [name, channel] : recipe_.channels) dialog.features[name] = sense(name, channel, plan, who, dialog.labels);
    return dialog;
  }

 private:
  int draw_length(Stream& stream) const {
    if (recipe_.shape == Shape::Meld) {
      constexpr double spread = 0.65;
      const double length = recipe_.mean_length * std::exp(spread * stream.normal() - spread * spread / 2);
      return std::clamp(static_cast<int>(std::lround(length)), 1, 33);
    }
    return std::clamp(static_cast<int>(std::lround(recipe_.mean_length * (1 + 0.35 * stream.normal()))), 8, 110);
  }

  static std::vector<int> draw_turns(Stream& stream, int length, int voices) {
    std::vector<int> who(length);
    int now = stream.below(voices);
    for (auto& speaker : who) {
      speaker = now;
      if (stream.uniform() < 0.75) now = (now + 1 + stream.below(voices - 1)) % voices;
    }
    return who;
  }

  /// log p(y | scenario, phase) up to a constant.
  Values course(int scenario, int phase) const {
    const auto& table = emotion_table(recipe_.shape);
    Stream shared(recipe_.seed, {"course", std::to_string(scenario)});
    Stream own(recipe_.seed, {"phase", std::to_string(scenario), std::to_string(phase)});
    Values logits;
    for (const auto& emotion : table)
      logits.push_back(std::log(emotion.prior) + recipe_.course * (0.8 * shared.normal() + 0.6 * own.normal()));
    return logits;
  }

  std::vector<int> draw_emotions(Stream& stream, const Plan& plan, const std::vector<int>& who) const {
    const auto classes = emotion_table(recipe_.shape).size();
    std::vector<std::vector<Values>> chances(phases);  // [phase][voice][emotion]
    for (int phase = 0; phase < phases; ++phase)
      for (const auto& voice : plan.voices) {
        Stream temperament(recipe_.seed, {"temperament", voice});
        auto weights = course(plan.scenario, phase);
        for (auto& weight : weights) weight = std::exp(weight + recipe_.temperament * temperament.normal());
        chances[phase].push_back(std::move(weights));
      }
    std::vector<int> labels(who.size());
    std::vector<int> last(plan.voices.size(), -1);
    for (std::size_t u = 0; u < who.size(); ++u) {
      const auto phase = u * phases / who.size();
      const int before = last[who[u]], other = u > 0 ? labels[u - 1] : -1;
      const double chance = stream.uniform();
      int label = stream.draw(chances[phase][who[u]]);
      if (chance < recipe_.persistence && before >= 0) label = before;
      if (chance >= 1 - recipe_.contagion && other >= 0) label = other;
      labels[u] = last[who[u]] = std::min(label, static_cast<int>(classes) - 1);
    }
    return labels;
  }

  /// The features of one modality, [utterances, dim].
  Matrix sense(const std::string& name, const Channel& channel, const Plan& plan, const std::vector<int>& who,
               const std::vector<int>& labels) const {
    Stream stream(recipe_.seed, {"features", name, plan.id});
    Stream topic(recipe_.seed, {"topic", name, std::to_string(plan.scenario)});
    const Vector dialog = channel.scene * normals(topic, latent).normalized() + channel.take * normals(stream, latent);
    std::vector<Vector> voices;
    for (const auto& voice : plan.voices) voices.push_back(channel.voice * voice_of(name, voice));
    const auto& sensor = sensors_.at(name);
    Matrix features{.rows = static_cast<int64_t>(who.size()), .cols = channel.dim, .values = {}};
    features.values.reserve(features.rows * features.cols);
    for (std::size_t u = 0; u < who.size(); ++u) {
      const Vector state = channel.emotion * prototypes_.col(labels[u]) + dialog + voices[who[u]] + normals(stream, latent);
      const Vector row = sensor * state + channel.grain * normals(stream, channel.dim);
      for (const double value : row) features.values.push_back(static_cast<float>(value));
    }
    return features;
  }

  /// v_p: people differ in few ways, the same for everybody.
  Vector voice_of(const std::string& modality, const std::string& person) const {
    constexpr int ways = 4;
    Stream way(recipe_.seed, {"ways", modality}), own(recipe_.seed, {"voice", modality, person});
    Vector voice = Vector::Zero(latent);
    for (int i = 0; i < ways; ++i) voice += own.normal() * normals(way, latent).normalized();
    return voice;
  }

  const Recipe& recipe_;
  Eigen::MatrixXd prototypes_;
  std::map<std::string, Eigen::MatrixXd> sensors_;
};

void check(const Recipe& recipe) {
  const auto require = [](bool holds, const std::string& what) {
    if (!holds) throw std::invalid_argument("synth: " + what);
  };
  require(recipe.dialogs >= 3, "expected at least 3 dialogs, one a split, got " + std::to_string(recipe.dialogs));
  require(recipe.dialogs <= 100000, "expected at most 100000 dialogs, got " + std::to_string(recipe.dialogs));
  require(recipe.scenarios >= 1, "expected at least 1 scenario, got " + std::to_string(recipe.scenarios));
  require(recipe.mean_length >= 1, "expected a mean length of at least 1 utterance, got " + std::to_string(recipe.mean_length));
  require(recipe.persistence >= 0 && recipe.contagion >= 0 && recipe.persistence + recipe.contagion <= 1,
          "persistence and contagion are chances: expected both at least 0 and their sum at most 1, got " +
              std::to_string(recipe.persistence) + " and " + std::to_string(recipe.contagion));
  require(!recipe.channels.empty(), "expected at least one modality");
}

}  // namespace

Corpus generate(const Recipe& recipe) {
  check(recipe);
  const World world(recipe);
  const auto plans = plan(recipe);
  Corpus corpus;
  corpus.path = "synthetic corpus";
  corpus.format = "open";
  corpus.label_names = emotions(recipe.shape);
  corpus.classes = static_cast<int>(corpus.label_names.size());
  for (const auto& [name, channel] : recipe.channels) corpus.modalities[name] = {.dim = channel.dim, .dtype = "float32"};
  const auto tell = [&](const std::string& split, const std::vector<Plan>& dialogs) {
    for (const auto& one : dialogs) corpus.splits[split].dialogs.push_back(world.tell(one));
  };
  tell("train", plans.train);
  tell("dev", plans.dev);
  tell("test", plans.test);
  corpus.notes = {"synthetic: made by idcl-merc synth, seed " + std::to_string(recipe.seed) + "; nobody ever said any of it"};
  return corpus;
}

}  // namespace merc::synth
