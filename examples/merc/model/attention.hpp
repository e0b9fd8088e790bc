#pragma once

#include "dropout.hpp"
#include "layout.hpp"

namespace merc {

/// Multi-head attention within each dialog:
///
///   context = dropout(softmax(q k^T / sqrt(width / heads))) v        for every head of every span
///
/// projected: [rows, 3 width], the columns being queries, keys and values, `heads` groups each. Returns [rows, width]. All rows of a
/// span ask, its utterances alone are asked, which is what a mask on the keys does. No copy and no padding: each span is a view.
Tensor attend(const Tensor& projected, const Layout& layout, int64_t heads, Dropout& dropout);

}  // namespace merc
