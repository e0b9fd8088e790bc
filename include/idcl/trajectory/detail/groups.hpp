#pragma once

#include "idcl/trajectory/detail/sweep.hpp"

#include <cstdlib>
#include <span>

namespace idcl::trajectory::detail {

/// R(n, m) of `a` with each of `others`, a register's lanes at a time. `band_of(n, m)`: how far from the diagonal a pair may go.
template <class Step, class Cost, class Sequence, class BandOf>
void sweep_groups(const char* where, const Step& step, const Cost& cost, const Sequence& a, std::span<const Sequence* const> others,
                  const BandOf& band_of, double* out) {
  using Number = typename NumberOf<Sequence>::type;
  constexpr int64_t all = lanes<Number>;
  for (const auto* other : others) check_pair(where, view(a), view(*other));
  const auto x = pack<Number>(1, [&](int) { return &a; });
  for (std::size_t first = 0; first < others.size(); first += all) {
    const auto count = static_cast<int>(std::min<std::size_t>(all, others.size() - first));
    const auto y = pack<Number>(count, [&](int l) { return others[first + l]; });
    std::array<int64_t, all> band;
    for (int l = 0; l < all; ++l) band[l] = band_of(x.length, y.length_of(l));
    const auto result = sweep(step, cost, x, y, band);
    for (int l = 0; l < count; ++l) out[first + l] = static_cast<double>(result[l]);
  }
}

}  // namespace idcl::trajectory::detail
