#pragma once

#include "idcl/contrastive_loss.hpp"
#include "idcl/mining/diagonal.hpp"
#include "idcl/mining/labels.hpp"
#include "idcl/mining/top_k.hpp"
#include "idcl/objective/circle.hpp"
#include "idcl/objective/contrastive.hpp"
#include "idcl/objective/decoupled_contrastive.hpp"
#include "idcl/objective/info_nce.hpp"
#include "idcl/objective/multi_similarity.hpp"
#include "idcl/objective/negative_log_sum.hpp"
#include "idcl/objective/nt_xent.hpp"
#include "idcl/objective/sigmoid.hpp"
#include "idcl/objective/sup_con.hpp"
#include "idcl/objective/triplet_margin.hpp"
#include "idcl/similarity/any.hpp"
#include "idcl/similarity/cosine.hpp"
#include "idcl/similarity/dot.hpp"
#include "idcl/similarity/euclidean.hpp"
#include "idcl/similarity/snr.hpp"
#include "support/compare.hpp"
#include "support/instruction_sets.hpp"
#include "support/random.hpp"

#include <ATen/Parallel.h>

#include <string>
#include <utility>
#include <vector>

/// The fused evaluator against the dense one in double precision, over every way to pair.
namespace idcl::test {

using objective::Circle;
using objective::Contrastive;
using objective::DecoupledContrastive;
using objective::InfoNCE;
using objective::MultiSimilarity;
using objective::NegativeLogSum;
using objective::NTXent;
using objective::Sigmoid;
using objective::SupCon;
using objective::TripletMargin;

/// Who is compared with whom, in double precision: embedded rows and their pairs.
struct Subject {
  std::string name;
  Tensor u, v;  ///< v undefined: u with itself
  mining::AnyPairing pairing;
  bool both = false;
  similarity::Any similarity = similarity::Dot{};

  bool self() const { return !v.defined(); }
};

/// Losses of the anchors (and references), and the slopes of their weighted sum.
struct Result {
  Tensor loss, terms, grad_u, grad_v{};
};

template <class Evaluate>
Result differentiate(const Subject& subject, at::ScalarType type, const Evaluate& evaluate) {
  const auto x = subject.u.to(type).detach().requires_grad_(), y = subject.self() ? x : subject.v.to(type).detach().requires_grad_();
  const auto& similarity = subject.similarity;
  const auto u = similarity.embed(x), v = subject.self() && similarity.metric().is_inner() ? u : similarity.references(y);
  const auto [rows, columns] = evaluate(u, v);
  const auto join = [&, both = subject.both](const Tensor& a, const Tensor& b) { return both ? at::cat({a, b}) : a; };
  const auto loss = join(rows.loss, columns.loss), terms = join(rows.terms, columns.terms);
  const auto weights = at::arange(1, loss.numel() + 1, at::kDouble).cos().to(type).view_as(loss);  // of both signs, and none like another
  (loss * weights).sum().backward();
  return {loss.detach(), terms, x.grad(), y.grad()};
}

template <Objective O>
Result reference(const O& objective, const Subject& subject) {
  return differentiate(subject, at::kDouble, [&](const Tensor& u, const Tensor& v) {
    const auto tile = engine::whole_tile(subject.pairing, u, v, subject.similarity.metric());
    return std::pair{engine::evaluate_tile(objective, tile),
                     subject.both ? engine::evaluate_tile(objective, tile.transposed()) : engine::RowLosses{}};
  });
}

template <Objective O>
Result fused(const O& objective, const Subject& subject, simd::Isa isa, int64_t workspace_bytes) {
  return differentiate(subject, at::kFloat, [&](const Tensor& u, const Tensor& v) {
    return engine::fuse(objective, subject.pairing, subject.pairing.places(u.size(0), v.size(0)), u, v, subject.self(), subject.both,
                        {.workspace_bytes = workspace_bytes}, subject.similarity.metric(), isa);
  });
}

inline void compare(const Result& actual, const Result& expected, double temperature, bool distance = false) {
  auto tolerance = tolerances(at::kFloat, temperature);
  // of a pair at distance 0, its own self above all, the slopes of both sides cancel: each is as large as 1 / temperature
  if (distance) tolerance.gradient.absolute = 2e-6 / temperature;
  check_close("loss", actual.loss, expected.loss, tolerance.loss);
  check_close("terms", actual.terms, expected.terms, {});
  check_close("gradient of u", actual.grad_u, expected.grad_u, tolerance.gradient);
  check_close("gradient of v", actual.grad_v, expected.grad_v, tolerance.gradient);
}

/// Every instruction set, with the tiles of each workspace; `temperature`: what a similarity's rounding is multiplied by, inverted.
template <Objective O>
void check_all(const O& objective, double temperature, const Subject& subject, const std::vector<int64_t>& workspaces) {
  const auto expected = reference(objective, subject);
  for (const auto isa : instruction_sets()) {
    for (const auto bytes : workspaces) {
      INFO(subject.name << ", temperature " << temperature << ", instruction set " << static_cast<int>(isa) << ", workspace of " << bytes);
      compare(fused(objective, subject, isa, bytes), expected, temperature, subject.similarity.distance);
    }
  }
}
template <Objective O>
void check_all(const O& objective, const Subject& subject, const std::vector<int64_t>& workspaces) {
  check_all(objective, objective.temperature, subject, workspaces);
}

inline constexpr int64_t kSmall = 200;                ///< tiles of 5 x 5
inline constexpr int64_t kMedium = 40000;             ///< of 70 x 70, computed again in backward where there are many
inline constexpr int64_t kLarge = int64_t{32} << 20;  ///< tiles as large as they get, kept for backward

inline Tensor unit(const Tensor& x) { return x / x.norm(2, {1}, /*keepdim=*/true); }

inline mining::AnyPairing by_labels(const Tensor& a, const Tensor& b, bool self) {
  return mining::any_pairing(mining::Labels::Pairs{a, b, self});
}

/// The k nearest of rows that are not the ones compared, as in IDCL.
inline mining::AnyPairing by_neighbours(Random& random, int64_t n, int64_t k, mining::SelfPair self) {
  const auto list = std::get<1>(random.normal({n, n}).fill_diagonal_(-100).topk(k, 1));
  return mining::any_pairing(mining::TopK::Pairs{list, n, /*self=*/true, self});
}

/// All pairings over sets of this size; similarities are cosines.
inline std::vector<Subject> subjects(int64_t n) {
  Random random(static_cast<uint64_t>(n));
  const auto x = unit(random.normal({n, 7})), y = unit(random.normal({n, 7})), z = unit(random.normal({n + 5, 7}));
  const auto some = random.integers(std::max<int64_t>(n / 4, 2), {n}), more = random.integers(std::max<int64_t>(n / 4, 2), {n + 5});
  const auto same = at::zeros({n}, at::kLong), distinct = random.permutation(n) - 3;
  const auto doubled = at::cat({x.narrow(0, 0, (n + 1) / 2), x.narrow(0, 0, n / 2)});
  std::vector<Subject> all{
      {"labels", x, {}, by_labels(some, some, true)},
      {"one class", x, {}, by_labels(same, same, true)},
      {"all distinct", x, {}, by_labels(distinct, distinct, true)},
      {"two classes, int32", x, {}, by_labels(some.remainder(2).to(at::kInt), some.remainder(2).to(at::kInt), true)},
      {"duplicates", doubled, {}, by_labels(some, some, true)},
      {"labels over two sets", x, z, by_labels(some, more, false)},
      {"labels over two sets, both ways", x, z, by_labels(some, more, false), true},
      {"a set and a memory beside it", x, at::cat({x, y}), by_labels(some, at::cat({some, some}), true)},
      {"views", x, {}, by_labels(at::arange(n).remainder((n + 1) / 2), at::arange(n).remainder((n + 1) / 2), true)},
      {"towers", x, y, mining::any_pairing(mining::Diagonal::Pairs{})},
      {"towers, both ways", x, y, mining::any_pairing(mining::Diagonal::Pairs{}), true},
  };
  for (const int64_t k : {int64_t{1}, std::min<int64_t>(5, n - 1), n - 1}) {
    if (k < 1) continue;
    all.push_back({"neighbours", x, {}, by_neighbours(random, n, k, mining::SelfPair::Ignored)});
    all.push_back({"neighbours, self among the negatives", x, {}, by_neighbours(random, n, k, mining::SelfPair::Negative)});
  }
  return all;
}

}  // namespace idcl::test
