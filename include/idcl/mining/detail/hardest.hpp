#pragma once

#include "idcl/mining/detail/extremes.hpp"
#include "idcl/mining/detail/whole_rows.hpp"

namespace idcl::mining::detail {

/// Each anchor's farthest positive and nearest negative.
inline Extremes<1>::Rows hardest(const Ground& ground) {
  if (!sees_whole_rows(ground)) return ground.fold(Extremes<1>{});
  auto rows = Extremes<1>{}.begin(ground.rows(), ground.blocks.u.options());
  AT_DISPATCH_FLOATING_TYPES(ground.blocks.u.scalar_type(), "idcl::mining::hardest", [&] {
    auto* positive = rows.positive_index.data_ptr<int64_t>();
    auto* negative = rows.negative_index.data_ptr<int64_t>();
    auto *far = rows.positive.data_ptr<scalar_t>(), *near = rows.negative.data_ptr<scalar_t>();
    for_each_stretch<scalar_t>(ground, [&](int64_t /*first*/, const auto& each) {
      each([&](const WholeRow<scalar_t>& row) {
        const auto p = largest(row.reach), n = least(row.negatives);
        far[row.anchor] = p.value;
        near[row.anchor] = n.value;
        positive[row.anchor] = p.at < 0 ? -1 : row.positives[static_cast<std::size_t>(p.at)];
        negative[row.anchor] = n.at;
      });
    });
  });
  return rows;
}

}  // namespace idcl::mining::detail
