#pragma once

#include <cstdint>
#include <span>
#include <vector>

/// Scores of a classifier over utterances, as scikit-learn computes them.
namespace merc {

/// Scores of one class; 0 where a denominator is 0.
struct ClassScores {
  double precision = 0;  ///< TP / (TP + FP)
  double recall = 0;     ///< TP / (TP + FN)
  double f1 = 0;         ///< 2 TP / (2 TP + FP + FN)
  int64_t support = 0;   ///< utterances whose truth is this class
};

/// How often each class was taken for each: [truth][prediction].
using Confusion = std::vector<std::vector<int64_t>>;

/// Scores of a set of utterances, all fractions in [0, 1].
struct Scores {
  double accuracy = 0;
  double weighted_f1 = 0;       ///< mean of F1, weighted by support
  double macro_f1 = 0;          ///< mean of F1 over all classes
  double macro_f1_present = 0;  ///< mean of F1 over classes that occur in truth or prediction (scikit-learn's default)
  double uar = 0;               ///< mean recall over all classes
  double uar_present = 0;       ///< mean recall over classes that occur in truth
  std::vector<ClassScores> per_class;
  Confusion confusion;
  int64_t utterances = 0;  ///< those that count
};

/// Counts predictions against the truth; utterances whose truth is negative (padding, no label) do not count.
///
/// Throws std::invalid_argument where the lengths differ or a class is not in [0, classes).
Confusion confusion(std::span<const int> truth, std::span<const int> prediction, int classes);

/// The scores of a confusion matrix.
Scores score(Confusion confusion);

/// The same from predictions.
Scores score(std::span<const int> truth, std::span<const int> prediction, int classes);

}  // namespace merc
