// Arguments that make no sense are refused in one line: function, argument, expected, got.

#include "idcl/losses/clip.hpp"
#include "idcl/losses/idcl.hpp"
#include "idcl/losses/info_nce.hpp"
#include "idcl/losses/sup_con.hpp"
#include "support/catch.hpp"
#include "support/random.hpp"

#include <limits>

namespace {

namespace F = idcl::functional;
using at::Tensor;
using Catch::Contains;
using idcl::test::Random;

const double kNaN = std::numeric_limits<double>::quiet_NaN(), kInf = std::numeric_limits<double>::infinity();

Tensor rows(at::IntArrayRef sizes, at::ScalarType type = at::kFloat) { return Random(1).normal(sizes, type); }
Tensor elsewhere(const Tensor& x) { return at::empty(x.sizes(), x.options().device(at::kMeta)); }
Tensor labels(int64_t n) { return at::zeros({n}, at::kLong); }

}  // namespace

TEST_CASE("idcl_loss refuses rows that make no sense") {
  const auto x = rows({4, 3, 5}), flat = rows({4, 5});
  CHECK_THROWS_WITH(F::idcl_loss(x, Tensor()),
                    Contains("idcl::idcl_loss: expected `target` to be a tensor [B, D] or [B, L, D], but got an undefined tensor"));
  CHECK_THROWS_WITH(F::idcl_loss(Tensor(), x),
                    Contains("idcl::idcl_loss: expected `anchor` to be a tensor [B, D] or [B, L, D], but got an undefined tensor"));
  CHECK_THROWS_WITH(F::idcl_loss(x, rows({4})), Contains("expected `target` to be [B, D] or [B, L, D], but got [4]"));
  CHECK_THROWS_WITH(F::idcl_loss(rows({4, 3, 5, 2}), x), Contains("expected `anchor` to be [B, D] or [B, L, D], but got [4, 3, 5, 2]"));
  CHECK_THROWS_WITH(F::idcl_loss(x, rows({5, 3, 5})), Contains("expected `anchor` to have the 5 rows of `target`, but got [4, 5]"));
  CHECK_THROWS_WITH(F::idcl_loss(flat, flat.to(at::kLong)), Contains("expected `target` to be of floating type, but got Long"));
  CHECK_THROWS_WITH(F::idcl_loss(flat.to(at::kBool), flat), Contains("expected `anchor` to be of floating type, but got Bool"));
  CHECK_THROWS_WITH(F::idcl_loss(flat, flat.to(at::kDouble)),
                    Contains("expected `target` and `anchor` to have one type, but got Double and Float"));
  CHECK_THROWS_WITH(F::idcl_loss(flat, elsewhere(flat)), Contains("expected `target` and `anchor` on one device, but got meta and cpu"));
  CHECK_THROWS_WITH(F::idcl_loss(rows({4, 0, 5}), x),
                    Contains("expected dialogs of at least one utterance, but got `anchor` of [4, 0, 5]"));
  CHECK_THROWS_WITH(F::idcl_pair_loss(x, rows({5, 3, 5})), Contains("expected `b` to have the 4 rows of `a`, but got [5, 5]"));
  CHECK_THROWS_WITH(F::idcl_pair_loss(x, Tensor()),
                    Contains("expected `b` to be a tensor [B, D] or [B, L, D], but got an undefined tensor"));
  CHECK_NOTHROW(F::idcl_loss(rows({9, 7}), rows({9, 2})));  // widths may differ
}

TEST_CASE("idcl_loss refuses masks that make no sense") {
  const auto x = rows({4, 3, 5});
  const auto mask = at::ones({4, 3}, at::kBool);
  CHECK_THROWS_WITH(F::idcl_loss(x, x, mask.to(at::kFloat)),
                    Contains("expected `mask` to be bool, true where there is an utterance, but got Float"));
  CHECK_THROWS_WITH(F::idcl_loss(x, x, mask.to(at::kByte)),
                    Contains("expected `mask` to be bool, true where there is an utterance, but got Byte"));
  CHECK_THROWS_WITH(F::idcl_loss(x, x, at::ones({4, 2}, at::kBool)),
                    Contains("expected `mask` [B, L] to fit `target` [B, L, D], but got [4, 2] and [4, 3, 5]"));
  CHECK_THROWS_WITH(F::idcl_loss(x, x, mask.t()), Contains("but got [3, 4] and [4, 3, 5]"));
  CHECK_THROWS_WITH(F::idcl_loss(x, x, mask.unsqueeze(2)), Contains("but got [4, 3, 1] and [4, 3, 5]"));
  CHECK_THROWS_WITH(F::idcl_loss(rows({4, 2, 5}), x, mask),
                    Contains("expected `mask` [B, L] to fit `anchor` [B, L, D], but got [4, 3] and [4, 2, 5]"));
  CHECK_THROWS_WITH(F::idcl_loss(rows({4, 5}), rows({4, 5}), mask),
                    Contains("expected `mask` [B, L] to fit `target` [B, L, D], but got [4, 3] and [4, 5]"));
  CHECK_THROWS_WITH(F::idcl_loss(x, x, elsewhere(mask)), Contains("expected `mask` on cpu as `target` is, but got meta"));
  auto gap = mask.clone();
  gap[2].zero_();
  CHECK_THROWS_WITH(F::idcl_loss(x, x, gap),
                    Contains("expected every dialog to have an utterance, but got a row of `mask` without one (row 2)"));
  CHECK_THROWS_WITH(F::idcl_pair_loss(x, x, gap),
                    Contains("expected every dialog to have an utterance, but got a row of `mask` without one (row 2)"));
  CHECK_THROWS_WITH(F::idcl_pair_loss(x, x, mask.t()),
                    Contains("expected `mask` [B, L] to fit `a` [B, L, D], but got [3, 4] and [4, 3, 5]"));
  CHECK_THROWS_WITH(F::idcl_loss(x, Tensor(), mask),
                    Contains("expected `target` to be a tensor [B, D] or [B, L, D], but got an undefined tensor"));
}

TEST_CASE("idcl_loss refuses options that make no sense, and so does its module") {
  const auto x = rows({9, 5});
  const auto refused = [&](const idcl::IDCLLossOptions& options, const std::string& why) {
    CHECK_THROWS_WITH(F::idcl_loss(x, x, options), Contains("idcl::idcl_loss: " + why));
    CHECK_THROWS_WITH(F::idcl_pair_loss(x, x, options), Contains(why));
    CHECK_THROWS_WITH(idcl::IDCLLoss(options), Contains(why));
  };
  const auto options = [] { return idcl::IDCLLossOptions().num_neighbors(3); };
  refused(options().temperature(0), "expected `temperature` to be finite and > 0, but got 0");
  refused(options().temperature(-0.1), "expected `temperature` to be finite and > 0, but got -0.1");
  refused(options().temperature(kNaN), "expected `temperature` to be finite and > 0, but got nan");
  refused(options().temperature(kInf), "expected `temperature` to be finite and > 0, but got inf");
  refused(options().num_neighbors(0), "expected `num_neighbors` >= 1, but got 0");
  refused(options().num_neighbors(-3), "expected `num_neighbors` >= 1, but got -3");
  refused(options().epsilon(-1e-8), "expected `epsilon` to be finite and >= 0, but got -1e-08");
  refused(options().epsilon(kNaN), "expected `epsilon` to be finite and >= 0, but got nan");
  refused(options().epsilon(kInf), "expected `epsilon` to be finite and >= 0, but got inf");
  refused(options().epsilon(1e-8).form("out"), "expected `epsilon` 0 with form \"out\", but got 1e-08");
  refused(options().form("inside"), "expected `form` \"in\" or \"out\", but got \"inside\"");
  refused(options().form(""), "expected `form` \"in\" or \"out\", but got \"\"");
  refused(options().denominator("self"), "expected `denominator` \"others\" or \"all\", but got \"self\"");
}

TEST_CASE("every loss refuses an evaluator it has not and a workspace of nothing") {
  const auto x = rows({9, 5}, at::kDouble);  // the fused kernels are for float32
  const auto refused = [&](const auto& loss) {
    CHECK_THROWS_WITH(
        loss(idcl::Evaluator::Fused, 1 << 20),
        Contains(
            "idcl: expected `evaluator` Auto, Dense or Streaming, but got Fused, and this objective has no fused kernel on this device"));
    for (const auto evaluator : {idcl::Evaluator::Auto, idcl::Evaluator::Dense, idcl::Evaluator::Streaming}) {
      CHECK_THROWS_WITH(loss(evaluator, 0), Contains("idcl: expected `workspace_bytes` > 0, but got 0"));
      CHECK_THROWS_WITH(loss(evaluator, -5), Contains("idcl: expected `workspace_bytes` > 0, but got -5"));
      CHECK_NOTHROW(loss(evaluator, 1));
    }
  };
  refused([&](auto e, int64_t bytes) {
    return F::idcl_loss(x, x, idcl::IDCLLossOptions().num_neighbors(2).evaluator(e).workspace_bytes(bytes));
  });
  refused([&](auto e, int64_t bytes) {
    return F::idcl_pair_loss(x, x, idcl::IDCLLossOptions().num_neighbors(2).evaluator(e).workspace_bytes(bytes));
  });
  refused([&](auto e, int64_t bytes) { return F::info_nce_loss(x, x, idcl::InfoNCELossOptions().evaluator(e).workspace_bytes(bytes)); });
  refused([&](auto e, int64_t bytes) { return F::clip_loss(x, x, 1.0, idcl::ClipLossOptions().evaluator(e).workspace_bytes(bytes)); });
  refused(
      [&](auto e, int64_t bytes) { return F::sup_con_loss(x, labels(9), idcl::SupConLossOptions().evaluator(e).workspace_bytes(bytes)); });
}

TEST_CASE("info_nce_loss refuses what makes no sense") {
  const auto x = rows({4, 5});
  CHECK_THROWS_WITH(F::info_nce_loss(Tensor(), x),
                    Contains("idcl::info_nce_loss: expected `query` to be a tensor [N, D], but got an undefined tensor"));
  CHECK_THROWS_WITH(F::info_nce_loss(x, Tensor()),
                    Contains("idcl::info_nce_loss: expected `key` to be a tensor [N, D], but got an undefined tensor"));
  CHECK_THROWS_WITH(F::info_nce_loss(rows({4}), x), Contains("expected `query` to be 2-D [N, D], but got [4]"));
  CHECK_THROWS_WITH(F::info_nce_loss(x, rows({4, 6})), Contains("expected `key` to be [M, 5] as `query` is, but got [4, 6]"));
  CHECK_THROWS_WITH(F::info_nce_loss(x, rows({6, 5})), Contains("expected `key` to have the 4 rows of `query`, but got [6, 5]"));
  CHECK_THROWS_WITH(F::info_nce_loss(x, x.to(at::kHalf)), Contains("expected `query` and `key` to have one type, but got Float and Half"));
  CHECK_THROWS_WITH(F::info_nce_loss(x.to(at::kInt), x.to(at::kInt)), Contains("expected `query` to be of floating type, but got Int"));
  CHECK_THROWS_WITH(F::info_nce_loss(x, elsewhere(x)), Contains("expected `query` and `key` on one device, but got cpu and meta"));
  for (const double bad : {0.0, -1.0, kNaN, kInf}) {
    const auto options = idcl::InfoNCELossOptions().temperature(bad);
    CHECK_THROWS_WITH(F::info_nce_loss(x, x, options),
                      Contains("idcl::info_nce_loss: expected `temperature` to be finite and > 0, but got "));
    CHECK_THROWS_WITH(idcl::InfoNCELoss(options), Contains("expected `temperature` to be finite and > 0, but got "));
  }
}

TEST_CASE("clip_loss refuses what makes no sense") {
  const auto x = rows({4, 5});
  const auto one = at::ones({});
  CHECK_THROWS_WITH(F::clip_loss(Tensor(), x, one),
                    Contains("idcl::clip_loss: expected `image` to be a tensor [N, D], but got an undefined tensor"));
  CHECK_THROWS_WITH(F::clip_loss(x, rows({4, 6}), one),
                    Contains("idcl::clip_loss: expected `text` to be [M, 5] as `image` is, but got [4, 6]"));
  CHECK_THROWS_WITH(F::clip_loss(x, rows({6, 5}), one), Contains("expected `text` to have the 4 rows of `image`, but got [6, 5]"));
  CHECK_THROWS_WITH(F::clip_loss(x, x.to(at::kDouble), one),
                    Contains("expected `image` and `text` to have one type, but got Float and Double"));
  CHECK_THROWS_WITH(F::clip_loss(x, elsewhere(x), one), Contains("expected `image` and `text` on one device, but got cpu and meta"));
  CHECK_THROWS_WITH(F::clip_loss(x, x, Tensor()),
                    Contains("expected `logit_scale` to be one floating number, but got an undefined tensor"));
  CHECK_THROWS_WITH(F::clip_loss(x, x, at::ones({2})), Contains("expected `logit_scale` to be one floating number, but got Float [2]"));
  CHECK_THROWS_WITH(F::clip_loss(x, x, at::ones({}, at::kLong)),
                    Contains("expected `logit_scale` to be one floating number, but got Long []"));
  for (const double bad : {0.0, -1.0, kNaN, kInf}) {
    CHECK_THROWS_WITH(F::clip_loss(x, x, bad), Contains("idcl::clip_loss: expected `logit_scale` to be finite and > 0, but got "));
    CHECK_THROWS_WITH(idcl::ClipLoss(idcl::ClipLossOptions().initial_scale(bad)),
                      Contains("idcl::ClipLoss: expected `initial_scale` to be finite and > 0, but got "));
    CHECK_THROWS_WITH(idcl::ClipLoss(idcl::ClipLossOptions().max_scale(bad)),
                      Contains("idcl::ClipLoss: expected `max_scale` to be finite and > 0, but got "));
  }
}

TEST_CASE("sup_con_loss refuses what makes no sense") {
  const auto x = rows({4, 5});
  const auto y = labels(4);
  CHECK_THROWS_WITH(F::sup_con_loss(Tensor(), y),
                    Contains("idcl::sup_con_loss: expected `embeddings` to be a tensor [N, D], but got an undefined tensor"));
  CHECK_THROWS_WITH(F::sup_con_loss(rows({4, 5, 6}), y), Contains("expected `embeddings` to be 2-D [N, D], but got [4, 5, 6]"));
  CHECK_THROWS_WITH(F::sup_con_loss(x, Tensor()),
                    Contains("idcl::sup_con_loss: expected `labels` to be a tensor [N], but got an undefined tensor"));
  CHECK_THROWS_WITH(F::sup_con_loss(x, y.to(at::kFloat)), Contains("idcl::sup_con_loss: expected `labels` to be integers, but got Float"));
  CHECK_THROWS_WITH(F::sup_con_loss(x, y.to(at::kBool)), Contains("expected `labels` to be integers, but got Bool"));
  CHECK_THROWS_WITH(F::sup_con_loss(x, labels(5)), Contains("expected `labels` to be [4], one a row, but got [5]"));
  CHECK_THROWS_WITH(F::sup_con_loss(x, y.unsqueeze(1)), Contains("expected `labels` to be [4], one a row, but got [4, 1]"));
  CHECK_THROWS_WITH(F::sup_con_loss(x, elsewhere(y)), Contains("expected `labels` on cpu as the rows are, but got meta"));
  CHECK_THROWS_WITH(F::sup_con_loss(x, y, rows({6, 4}), labels(6)),
                    Contains("expected `ref_embeddings` to be [M, 5] as `embeddings` is, but got [6, 4]"));
  CHECK_THROWS_WITH(F::sup_con_loss(x, y, rows({6, 5}), y), Contains("expected `ref_labels` to be [6], one a row, but got [4]"));
  CHECK_THROWS_WITH(F::sup_con_loss(x, y, rows({6, 5}), Tensor()),
                    Contains("expected `ref_labels` to be a tensor [N], but got an undefined tensor"));
  CHECK_THROWS_WITH(F::sup_con_loss(x, y, rows({6, 5}, at::kDouble), labels(6)),
                    Contains("expected `embeddings` and `ref_embeddings` to have one type, but got Float and Double"));
  CHECK_THROWS_WITH(F::sup_con_loss(x, y, elsewhere(x), y),
                    Contains("expected `embeddings` and `ref_embeddings` on one device, but got cpu and meta"));
  CHECK_THROWS_WITH(F::sup_con_loss(x, y, idcl::SupConLossOptions().form("both")),
                    Contains("expected `form` \"in\" or \"out\", but got \"both\""));
  for (const double bad : {0.0, -1.0, kNaN, kInf}) {
    const auto options = idcl::SupConLossOptions().temperature(bad);
    CHECK_THROWS_WITH(F::sup_con_loss(x, y, options),
                      Contains("idcl::sup_con_loss: expected `temperature` to be finite and > 0, but got "));
    CHECK_THROWS_WITH(idcl::SupConLoss(options), Contains("expected `temperature` to be finite and > 0, but got "));
  }
}
