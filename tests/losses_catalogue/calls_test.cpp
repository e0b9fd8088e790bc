// Every way in which a loss may be called, its options left out; and calls that must not compile, since they would mean something else.

#include "idcl/idcl.hpp"
#include "support/catch.hpp"
#include "support/random.hpp"

#include <string>

namespace {

using namespace idcl;
using namespace idcl::test;
namespace F = idcl::functional;

/// A braced list where pairs or triplets would stand.
template <class Loss>
concept TakesBraces = requires(const Loss& loss, const Tensor& t) { loss(t, t, {t, t, t}); } ||
                      requires(const Loss& loss, const Tensor& t) { loss(t, t, {t, t, t, t}); } ||
                      requires(const Loss& loss, const Tensor& t) { loss(t, t, t, t, {t, t, t}); } ||
                      requires(const Loss& loss, const Tensor& t) { loss(t, t, t, t, {t, t, t, t}); };

template <class Check>
void for_each_loss_over_labels(const Check& check) {
  check("angular", F::angular_loss);
  check("circle", F::circle_loss);
  check("contrastive", F::contrastive_loss);
  check("fast_ap", F::fast_ap_loss);
  check("generalized_lifted_structure", F::generalized_lifted_structure_loss);
  check("histogram", F::histogram_loss);
  check("intra_pair_variance", F::intra_pair_variance_loss);
  check("lifted_structure", F::lifted_structure_loss);
  check("margin", F::margin_loss);
  check("multi_similarity", F::multi_similarity_loss);
  check("n_pairs", F::n_pairs_loss);
  check("nca", F::nca_loss);
  check("nt_xent", F::nt_xent_loss);
  check("pnp", F::pnp_loss);
  check("ranked_list", F::ranked_list_loss);
  check("signal_to_noise_ratio_contrastive", F::signal_to_noise_ratio_contrastive_loss);
  check("smooth_ap", F::smooth_ap_loss);
  check("sup_con", F::sup_con_loss);
  check("threshold_consistent_margin", F::threshold_consistent_margin_loss);
  check("triplet_margin", F::triplet_margin_loss);
  check("tuplet_margin", F::tuplet_margin_loss);
}

/// A number, with a gradient behind it.
void check_value(const std::string& what, const Tensor& value, const Tensor& x) {
  INFO(what);
  REQUIRE(value.dim() == 0);
  CHECK(value.isfinite().item<bool>());
  CHECK(torch::autograd::grad({value}, {x})[0].isfinite().all().item<bool>());
}

}  // namespace

TEST_CASE("every loss over labels takes labels, references, pairs and triplets, with its options left out") {
  Random random(3);
  const auto x = random.normal({12, 5}).requires_grad_(), y = random.normal({12, 5});
  const auto labels = at::arange(12, at::kLong).floor_divide(3), others = labels.clone();
  const auto triplets = mining::batch_hard(x, labels);
  const auto pairs = mining::batch_easy_hard(x, labels);
  for_each_loss_over_labels([&](const std::string& name, const auto& loss) {
    static_assert(!TakesBraces<std::remove_cvref_t<decltype(loss)>>);
    check_value(name, loss(x, labels), x);
    check_value(name + ", references", loss(x, labels, y, others), x);
    check_value(name + ", pairs", loss(x, labels, pairs), x);
    check_value(name + ", triplets", loss(x, labels, triplets), x);
    check_value(name + ", references and pairs", loss(x, labels, y, others, pairs), x);
    check_value(name + ", references and triplets", loss(x, labels, y, others, triplets), x);
    CHECK_THROWS_WITH(loss(x, labels.to(at::kDouble)), Catch::Contains("expected `labels` to be integers, but got Double"));
  });
  check_value("margin, a boundary", F::margin_loss(x, labels, at::full({1}, 1.1, at::kDouble)), x);
  check_value("margin, a boundary, triplets", F::margin_loss(x, labels, triplets, at::full({4}, 1.1, at::kDouble)), x);
}

TEST_CASE("losses of two towers, of views and of weights are called with their options left out") {
  Random random(4);
  const auto x = random.normal({12, 5}).requires_grad_(), y = random.normal({12, 5}), classes = random.normal({4, 5});
  const auto labels = at::arange(12, at::kLong).floor_divide(3);
  const auto scale = at::scalar_tensor(5.0, at::kDouble), bias = at::scalar_tensor(-5.0, at::kDouble);
  check_value("idcl", F::idcl_loss(y, x, IDCLLossOptions().num_neighbors(3)), x);
  check_value("idcl, pair", F::idcl_pair_loss(x, y, IDCLLossOptions().num_neighbors(3)), x);
  check_value("info_nce", F::info_nce_loss(x, y), x);
  check_value("info_nce, shared negatives", F::info_nce_loss(x, y, random.normal({7, 5})), x);
  check_value("info_nce, negatives of each", F::info_nce_loss(x, y, random.normal({12, 7, 5})), x);
  check_value("clip", F::clip_loss(x, y, scale), x);
  check_value("clip, a number", F::clip_loss(x, y, 5.0), x);
  check_value("sig_lip", F::sig_lip_loss(x, y, scale, bias), x);
  check_value("sig_lip, numbers", F::sig_lip_loss(x, y, 5.0, -5.0), x);
  check_value("decoupled_contrastive", F::decoupled_contrastive_loss(x, y), x);
  check_value("barlow_twins", F::barlow_twins_loss(x, y), x);
  check_value("vic_reg", F::vic_reg_loss(x, y), x);
  check_value("proxy_nca", F::proxy_nca_loss(x, labels, classes), x);
  check_value("proxy_anchor", F::proxy_anchor_loss(x, labels, classes), x);
  check_value("soft_triple", F::soft_triple_loss(x, labels, random.normal({4, 10, 5})), x);
  check_value("normalized_softmax", F::normalized_softmax_loss(x, labels, classes), x);
  check_value("arc_face", F::arc_face_loss(x, labels, classes), x);
  check_value("sub_center_arc_face", F::sub_center_arc_face_loss(x, labels, random.normal({4, 3, 5})), x);
  check_value("cos_face", F::cos_face_loss(x, labels, classes), x);
  check_value("sphere_face", F::sphere_face_loss(x, labels, classes), x);
  check_value("large_margin_softmax", F::large_margin_softmax_loss(x, labels, classes), x);
}
