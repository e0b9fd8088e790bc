#pragma once

#include "idcl/core/or_one.hpp"
#include "idcl/core/part.hpp"

#include <ATen/ATen.h>
#include <c10/util/Exception.h>
#include <c10/util/StringUtil.h>
#include <torch/csrc/autograd/custom_function.h>

#include <concepts>
#include <limits>

namespace idcl {

using at::Tensor;

/// Rows to a result: from the sum of each row's terms and their number, both [N], to a scalar or [N]. An objective of several parts,
/// each with a mean of its own, has both [N, parts]; the parts' results are added.
///
/// What a term is, each loss says: one a row (SupCon, circle, classifiers), one a pair (NT-Xent, contrastive) or one a triplet. A
/// reduction sees the sum and the number, never a term alone; pairs with weights have as many terms as their weights add up to.
template <class R>
concept Reduction = std::copyable<R> && requires(const R& reduction, const Tensor& loss, const Tensor& terms) {
  { reduction(loss, terms) } -> std::same_as<Tensor>;
};

/// A reduction that asks whose row it is: `labels` [N], the anchors' own.
template <class R>
concept LabelReduction = Reduction<R> && requires(const R& reduction, const Tensor& loss, const Tensor& terms, const Tensor& labels) {
  { reduction(loss, terms, labels) } -> std::same_as<Tensor>;
};

namespace reduction {

/// [N] -> [N, 1] where the terms have parts, to stand beside them.
inline Tensor beside(const Tensor& rows, const Tensor& loss) { return loss.dim() == 2 ? rows.unsqueeze(1) : rows; }

namespace detail {

/// The mean in one call each way, where batches are small and every operator shows: plain rows [N] or [N, parts]. `above_zero`: rows at
/// zero or below, in a part, have no terms there.
struct MeanOfRows : torch::autograd::Function<MeanOfRows> {
  static Tensor forward(torch::autograd::AutogradContext* context, const Tensor& loss, const Tensor& terms, bool above_zero) {
    const auto n = loss.size(0), parts = loss.dim() == 1 ? 1 : loss.size(1);
    const auto share = at::empty_like(loss);  // of a row in the result
    const auto *losses = loss.const_data_ptr<float>(), *numbers = terms.const_data_ptr<float>();
    auto* shares = share.data_ptr<float>();
    double result = 0;
    for (int64_t part = 0; part < parts; ++part) {
      double sum = 0, number = 0;
      const auto for_each = [&](const auto& visit) {
        for (auto i = part; i < n * parts; i += parts) visit(i, !above_zero || !(losses[i] <= 0));  // NaN stays
      };
      for_each([&](int64_t i, bool counts) {
        sum += counts ? losses[i] : 0;
        number += counts ? numbers[i] : 0;
      });
      const double divisor = number == 0 ? 1 : number;
      for_each([&](int64_t i, bool counts) { shares[i] = counts ? static_cast<float>(1 / divisor) : 0; });
      result += sum / divisor;
    }
    context->save_for_backward({share});
    return at::scalar_tensor(result, loss.options());
  }

  static torch::autograd::variable_list backward(torch::autograd::AutogradContext* context, torch::autograd::variable_list upstream) {
    return {upstream[0] * context->get_saved_variables()[0], Tensor(), Tensor()};
  }

  static bool takes(const Tensor& loss, const Tensor& terms) {
    return is_plain(loss) && is_plain(terms) && loss.sizes() == terms.sizes() && (loss.dim() == 1 || loss.dim() == 2);
  }
};

}  // namespace detail

/// Sum of all terms over their number; zero, attached to the graph, where there is no term.
struct Mean {
  Tensor operator()(const Tensor& loss, const Tensor& terms) const {
    if (detail::MeanOfRows::takes(loss, terms)) return detail::MeanOfRows::apply(loss, terms.detach(), /*above_zero=*/false);
    if (loss.dim() > 1 || !loss.is_cpu()) return (loss.sum(0) / or_one(terms.sum(0))).sum();
    const auto number = terms.sum().item<double>();  // where reading it makes nobody wait
    return loss.sum() / (number == 0 ? 1 : number);
  }
};

/// Sum of all terms.
struct Sum {
  Tensor operator()(const Tensor& loss, const Tensor& /*terms*/) const { return loss.sum(); }
};

/// Each row's own sum of terms, [N]; zero for a row without one.
struct None {
  Tensor operator()(const Tensor& loss, const Tensor& /*terms*/) const { return loss.dim() == 2 ? loss.sum(1) : loss; }
};

/// Sum of all terms over the number of those above zero: the mean of losses with a margin, that satisfied pairs should not water
/// down. Exact for objectives of one term a row, or told to count only such terms; a row at zero or below has none.
struct MeanNonZero {
  Tensor operator()(const Tensor& loss, const Tensor& terms) const {
    if (detail::MeanOfRows::takes(loss, terms)) return detail::MeanOfRows::apply(loss, terms.detach(), /*above_zero=*/true);
    const auto zero = loss.detach() <= 0;
    return Mean{}(loss.masked_fill(zero, 0), terms.masked_fill(zero, 0));
  }
};

/// Every anchor weighs the same, however many terms it has: the mean over anchors with a term of each one's mean term, t_i / c_i.
/// With one term a row it is the mean.
struct MeanPerAnchor {
  Tensor operator()(const Tensor& loss, const Tensor& terms) const {
    return Mean{}(loss / or_one(terms), (terms != 0).to(terms.scalar_type()));
  }
};

/// The mean over rows whose mean term t_i / c_i lies strictly within (low, high): neither the easy ones nor the outliers. With one term
/// a row that is term by term; with several, a row is taken or left as a whole. `low` at or above zero leaves out terms at zero first,
/// where the loss can count without them: Threshold{} is the mean over non-zero terms. No gradient flows from what is left out.
struct Threshold {
  double low = 0;                                         ///< in units of the loss
  double high = std::numeric_limits<double>::infinity();  ///< > low

  Tensor operator()(const Tensor& loss, const Tensor& terms) const {
    TORCH_CHECK_VALUE(low < high, "idcl::reduction::Threshold: expected `low` < `high`, but got ", low, " and ", high);
    const auto term = loss.detach() / or_one(terms);
    const auto outside = (term <= low).logical_or(term >= high);  // false for NaN, which stays
    return Mean{}(loss.masked_fill(outside, 0), terms.masked_fill(outside, 0));
  }
};

/// Terms weighted by the class of their anchor: sum_i w_{y_i} t_i / sum_i c_i, where rare classes are to count more. Divided by the
/// number of terms, not by the sum of weights: weights of 1 are the mean. Needs labels, within [0, C).
struct ClassWeighted {
  Tensor weights;  ///< [C], floating, one a class

  Tensor operator()(const Tensor& loss, const Tensor& terms, const Tensor& labels) const {
    check_labels(labels);
    return Mean{}(loss * beside(weights.index_select(0, labels.to(at::kLong)).to(loss.scalar_type()), loss), terms);
  }

  Tensor operator()(const Tensor& /*loss*/, const Tensor& /*terms*/) const {
    check_labels({});
    return {};  // not reached
  }

 private:
  static constexpr auto where = "idcl::reduction::ClassWeighted";

  void check_labels(const Tensor& labels) const {
    TORCH_CHECK_VALUE(labels.defined(), where,
                      ": expected labels to weight the anchors by, but got none: the loss, or this call, is without");
    TORCH_CHECK_VALUE(weights.defined() && weights.dim() == 1 && weights.is_floating_point(), where,
                      ": expected `weights` to be floating [C], one a class, but got ",
                      weights.defined() ? c10::str(weights.scalar_type(), " ", weights.sizes()) : "an undefined tensor");
    TORCH_CHECK_VALUE(weights.device() == labels.device(), where, ": expected `weights` on ", labels.device(),
                      " as the labels are, but got ", weights.device());
    if (labels.numel() == 0) return;
    const auto low = labels.min().item<int64_t>(), high = labels.max().item<int64_t>();
    TORCH_CHECK_INDEX(low >= 0 && high < weights.size(0), where, ": expected labels within [0, ", weights.size(0),
                      "), the classes of `weights`, but got ", low < 0 ? low : high);
  }
};

static_assert(Reduction<Mean> && Reduction<MeanNonZero> && Reduction<MeanPerAnchor> && Reduction<Threshold> && Reduction<Sum> &&
              Reduction<None>);
static_assert(LabelReduction<ClassWeighted> && !LabelReduction<Mean>);

/// `reduction` of rows whose anchors have these labels, [N] or undefined; most reductions do not ask.
template <Reduction R>
Tensor reduce(const R& reduction, const Tensor& loss, const Tensor& terms, const Tensor& labels) {
  if constexpr (LabelReduction<R>) {
    return reduction(loss, terms, labels);
  } else {
    return reduction(loss, terms);
  }
}

}  // namespace reduction
}  // namespace idcl
