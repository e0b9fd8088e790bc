#pragma once

#include "idcl/core/check.hpp"
#include "idcl/wrappers/callee.hpp"

#include <concepts>
#include <vector>

namespace idcl {

/// A loss over labels for views of the same elements: element i of each view belongs with element i of every other.
///
///     auto loss = idcl::SelfSupervisedLoss{idcl::NTXentLoss()};
///     loss(a, b);  loss(a, b, c);       // views [N, D], two or more
///
/// `symmetric`: every view's elements are anchors, against all other elements of all views. Otherwise those of the first view alone,
/// against the other views. `loss` is a module of a loss over labels, its functional, or a `ContrastiveLoss` over labels. A module's
/// parameters stay the module's: register it where it is to be trained. Cost: the loss's own, of all views' rows.
template <class Loss>
struct SelfSupervisedLoss {
  Loss loss;
  bool symmetric = true;

  template <std::same_as<Tensor>... Views>
  Tensor operator()(const Views&... views) const {
    return over(std::vector<Tensor>{views...});
  }

  Tensor operator()(const std::vector<Tensor>& views) const { return over(views); }

 private:
  Tensor over(const std::vector<Tensor>& views) const {
    constexpr auto where = "idcl::SelfSupervisedLoss";
    const auto count = static_cast<int64_t>(views.size());
    TORCH_CHECK_VALUE(count >= 2, where, ": expected two views or more, but got ", count);
    for (const auto& view : views) {
      check::rows(where, "views", view);
      TORCH_CHECK_VALUE(view.sizes() == views[0].sizes(), where, ": expected views of one shape, but got ", views[0].sizes(), " and ",
                        view.sizes());
    }
    const auto element = at::arange(views[0].size(0), views[0].options().dtype(at::kLong).requires_grad(false));
    if (symmetric) return detail::call(loss, at::cat(views), element.repeat({count}));
    return detail::call(loss, views[0], element, at::cat(std::vector<Tensor>(views.begin() + 1, views.end())), element.repeat({count - 1}));
  }
};

template <class Loss>
SelfSupervisedLoss(Loss, bool = true) -> SelfSupervisedLoss<Loss>;

}  // namespace idcl
