#pragma once

#include "../model/weights.hpp"

#include <vector>

namespace merc {

/// Adam with L2 in the gradient (Kingma, Ba 2015), in one pass over each parameter, after clipping by the total norm.
///
/// A parameter without a gradient is left alone, by the decay too.
class Adam {
 public:
  Adam(const NetworkImpl& network, double weight_decay);

  /// One step; then the gradients are dropped. They are the sum of those of `batches`, whose mean is taken. Returns its total norm before
  /// clipping; a `clip` of 0 leaves it as it is.
  double step(double learning_rate, double clip, int64_t batches = 1);

  /// The moments and step counts by "<parameter>.<moment>", for a checkpoint.
  StateDict state() const;
  void restore(const StateDict& state);

 private:
  struct Slot {
    std::string name;
    Tensor parameter, mean, square, steps;
  };
  std::vector<Slot> slots_;
  double weight_decay_;
};

}  // namespace merc
