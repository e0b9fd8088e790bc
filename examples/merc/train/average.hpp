#pragma once

#include "../model/weights.hpp"

namespace merc {

/// Exponential moving average of the weights of a network in training (Polyak, Juditsky 1992), in a network of its own.
///
///   average_t = sum_s decay^(t-s) weights_s / sum_s decay^(t-s),   s = 1 ... t the steps so far
///
/// The sum is over what training has reached, never the random start: after one step the average is the weights, however long its memory.
class Average {
 public:
  /// A decay of 0 keeps no average: `network()` is then the trained one itself.
  Average(Network trained, double decay);

  /// After a step of the optimiser.
  void update();

  /// What is evaluated and kept.
  Network network() const { return average_; }

  /// The averages by the names of their parameters, and "steps", for a checkpoint; empty where none is kept.
  StateDict state() const;
  void restore(const StateDict& state);

 private:
  Network trained_, average_;
  double decay_;
  int64_t steps_ = 0;
};

}  // namespace merc
