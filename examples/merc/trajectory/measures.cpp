#include "trajectory/measures.hpp"

#include "data/corpus.hpp"
#include "train/config.hpp"

#include <idcl/trajectory/bigram.hpp>
#include <idcl/trajectory/dtw.hpp>
#include <idcl/trajectory/edit_distance.hpp>
#include <idcl/trajectory/histogram.hpp>
#include <idcl/trajectory/mean_pool.hpp>
#include <idcl/trajectory/optimal_transport.hpp>
#include <idcl/trajectory/pairwise.hpp>
#include <idcl/trajectory/per_length.hpp>
#include <idcl/trajectory/segment_histogram.hpp>
#include <idcl/trajectory/soft_dtw_divergence.hpp>

#include <algorithm>

namespace merc {
namespace {

namespace trajectory = idcl::trajectory;

/// A measure that is told the number of classes.
template <class M>
TrajectoryMeasure of_classes(std::string name, std::string options, M measure) {
  return {std::move(name), std::move(options), [measure](const std::vector<LabelSequence>& sequences, int classes) {
            auto told = measure;
            told.num_classes = classes;
            return trajectory::pairwise(told, sequences);
          }};
}

template <class M>
TrajectoryMeasure of_labels(std::string name, std::string options, M measure) {
  return {std::move(name), std::move(options),
          [measure](const std::vector<LabelSequence>& sequences, int /*classes*/) { return trajectory::pairwise(measure, sequences); }};
}

}  // namespace

LabelSequence labels_of(const Dialog& dialog) {
  LabelSequence labels;
  std::ranges::copy_if(dialog.labels, std::back_inserter(labels), [](int label) { return label >= 0; });
  return labels;
}

const std::vector<TrajectoryMeasure>& trajectory_measures() {
  static const std::vector<TrajectoryMeasure> all{
      of_classes("segment_histogram", "4 segments, Hellinger", trajectory::SegmentHistogram{.segments = 4}),
      of_classes("histogram", "Hellinger", trajectory::Histogram{}),
      of_classes("bigram", "transitions, Hellinger", trajectory::Bigram{}),
      of_classes("optimal_transport", "0/1 cost, epsilon 0.1", trajectory::OptimalTransport{.epsilon = 0.1}),
      of_labels("edit_distance", "over the longer length", trajectory::EditDistance{}),
      of_labels("dtw", "0/1 cost, over the longer length", trajectory::PerLength{.measure = trajectory::Dtw{}}),
      of_labels("soft_dtw_divergence", "0/1 cost, gamma 0.1", trajectory::SoftDtwDivergence{.gamma = 0.1}),
  };
  return all;
}

std::vector<std::string> trajectory_measure_names() {
  std::vector<std::string> names;
  for (const auto& measure : trajectory_measures()) names.push_back(measure.name);
  return names;
}

const TrajectoryMeasure& trajectory_measure(const std::string& name) {
  const auto found = std::ranges::find(trajectory_measures(), name, &TrajectoryMeasure::name);
  if (found != trajectory_measures().end()) return *found;
  std::string names;
  for (const auto& known : trajectory_measure_names()) names += (names.empty() ? "" : ", ") + known;
  throw UsageError("no trajectory measure named \"" + name + "\"; there are " + names);
}

Eigen::MatrixXd mean_pool_distances(const std::vector<const Matrix*>& features) {
  std::vector<trajectory::Frames<float>> frames;
  for (const auto* matrix : features) frames.emplace_back(matrix->values.data(), matrix->rows, matrix->cols);
  return trajectory::pairwise(trajectory::MeanPool{}, frames);
}

}  // namespace merc
