#pragma once

#include "losses_pairs/subjects.hpp"
#include "support/random.hpp"

/// What tests hand to subjects.
namespace idcl::test {

inline constexpr int64_t kWidth = 4;

/// n rows of a few classes, with themselves or with references.
inline Tensors random_inputs(const Subject& subject, int64_t n, uint64_t seed = 0, at::ScalarType type = at::kDouble,
                             bool references = false) {
  Random random(seed);
  if (!subject.towers.empty())
    return {{subject.towers[0], random.normal({n, kWidth}, type)}, {subject.towers[1], random.normal({n, kWidth}, type)}};
  Tensors in{{"embeddings", random.normal({n, kWidth}, type)}, {"labels", random.integers(3, {n})}};
  if (references) in["ref_embeddings"] = random.normal({n + 2, kWidth}, type), in["ref_labels"] = random.integers(3, {n + 2});
  return in;
}

}  // namespace idcl::test
