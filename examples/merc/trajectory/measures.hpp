#pragma once

#include <Eigen/Core>

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

/// Dialogs as sequences of labels: how far they are apart, and how well that tells which of them are the same story. No LibTorch here.
namespace merc {

struct Dialog;
struct Matrix;

/// The labels of a dialog in their order, without the utterances that have none.
using LabelSequence = std::vector<int64_t>;
LabelSequence labels_of(const Dialog& dialog);

/// A way to compare label sequences. None of them grows with length: dynamic time warping and edit distance are over the longer length.
struct TrajectoryMeasure {
  std::string name;     ///< "segment_histogram"
  std::string options;  ///< "4 segments, Hellinger": with the name, all that a distance depends on
  std::function<Eigen::MatrixXd(const std::vector<LabelSequence>&, int classes)> distances;  ///< [N, N], of sequences of one label or more
};

/// All of them; the first is the default.
const std::vector<TrajectoryMeasure>& trajectory_measures();

/// Their names.
std::vector<std::string> trajectory_measure_names();

/// The one of that name. Throws UsageError that lists the names.
const TrajectoryMeasure& trajectory_measure(const std::string& name);

/// 1 - cosine of the mean rows of dialogs' features, [N, N]: what the contrastive loss goes by where it is told nothing, blind to order.
Eigen::MatrixXd mean_pool_distances(const std::vector<const Matrix*>& features);

}  // namespace merc
