#pragma once

#include "data/corpus.hpp"

#include <cstdint>
#include <map>
#include <string>
#include <vector>

/// Corpora made here, so that everything runs without a licensed one. Nothing in them is a recording of anybody.
///
/// **The world.** Actors play *scenarios*, again and again, in sessions of two speakers. Whoever plays it, a scenario has
/// its topic and its emotional course; each take of it is different in a way that has nothing to do with emotion.
///
/// **The emotions.** A scenario s has three phases, each with its own distribution over the C emotions,
///
///     p(y | s, phase) = softmax(log prior + course * g),   g ~ N(0, 1), four fifths of it shared by the phases of s.
///
/// A speaker who speaks keeps their last emotion with probability `persistence`, takes over the other's with probability
/// `contagion`, and otherwise draws from p(y | s, phase) tilted by the speaker's temperament, exp(temperament * N(0, 1)).
/// Training and test have different speakers (IEMOCAP shape), so a temperament learned in training misleads in the test.
///
/// **The features.** Utterance u of emotion y by speaker p in take d of scenario s has, in each modality m, the latent state
///
///     h = emotion_m e_y + scene_m t_s + voice_m v_p + take_m n_dm + N(0, I)      in R^64
///
/// e_y: valence, arousal and an axis of its own, |e_y| about 1 (emotions that are alike are hard to tell apart); t_s and v_p: unit
/// vectors; n_dm ~ N(0, I), drawn for each take *and modality*. So `emotion_m |e_y - e_z|` is the distance of two emotions in
/// standard deviations of one utterance; what modalities share about a whole dialog is its scenario alone. The features are
///
///     x = 0.5 A_m h / sqrt(64) + grain_m N(0, I),   A_m ~ N(0, 1)^(dim x 64).
///
/// **What a contrastive term between dialogs could do here.** Dialogs that are neighbours in one modality share a scenario;
/// pulling them together in the other modality asks the encoder to show the scenario, which tells the likely emotions, and to
/// drop speaker and take, by which a classifier can learn the training dialogs by heart.
namespace merc::synth {

/// How strongly one modality shows each part of the latent state.
struct Channel {
  int64_t dim = 0;
  double emotion = 1;
  double scene = 1;
  double voice = 1;
  double take = 0.5;
  double grain = 0.15;
};

enum class Shape {
  Iemocap,  ///< sessions of two speakers, 6 emotions, long dialogs, test = Session 5
  Meld      ///< nine speakers, 7 emotions, short dialogs, ids are numbers
};

/// Everything that decides a corpus. Two equal recipes give equal corpora, bit for bit.
struct Recipe {
  Shape shape = Shape::Iemocap;
  int dialogs = 151;  ///< at least 3, over all splits, in the proportions of the real corpus
  uint64_t seed = 1;
  int scenarios = 15;       ///< how many stories are told again and again
  double mean_length = 49;  ///< utterances a dialog; lengths spread and are bounded as in the real corpus
  double course = 1.5;
  double persistence = 0.5;
  double contagion = 0.15;
  double temperament = 0.5;
  std::map<std::string, Channel> channels;

  static Recipe iemocap();  ///< 151 dialogs (108, 12, 31), text 768, audio 100, visual 512
  static Recipe meld();     ///< 1,432 dialogs (1,038, 114, 280), text 600, audio 300

  /// Multiplies the strength of a part in every modality.
  Recipe& scale(double Channel::* part, double factor);

  /// Keeps the named modalities, with these widths. Throws std::invalid_argument for a name that is not there, or a width < 1.
  Recipe& widths(const std::map<std::string, int64_t>& dims);
};

/// The emotions of a shape, in the order of the labels.
const std::vector<std::string>& emotions(Shape shape);

/// Whether a corpus was made here, whatever file it came through: told by what its utterances say of themselves.
bool made_here(const Corpus& corpus);

/// The sentence of utterance `number` of a dialog.
std::string sentence(const std::string& dialog, int64_t number);

}  // namespace merc::synth
