// CrossBatchMemory: which rows are references when, what is remembered, saved and cloned.

#include "idcl/memory/cross_batch_memory.hpp"

#include "idcl/losses/angular.hpp"
#include "idcl/losses/contrastive.hpp"
#include "idcl/losses/lifted_structure.hpp"
#include "idcl/losses/margin.hpp"
#include "idcl/losses/n_pairs.hpp"
#include "idcl/losses/nca.hpp"
#include "idcl/losses/nt_xent.hpp"
#include "idcl/losses/sup_con.hpp"
#include "idcl/losses/triplet_margin.hpp"
#include "idcl/similarity/cosine.hpp"
#include "support/gradcheck.hpp"
#include "support/random.hpp"
#include "support/setting.hpp"

#include <torch/nn/modules/container/sequential.h>
#include <torch/serialize.h>

#include <sstream>
#include <type_traits>

namespace {

using namespace idcl;
using namespace idcl::test;
using Catch::Contains;
namespace F = idcl::functional;

constexpr int64_t kWidth = 4;

struct Batch {
  Tensor x, y;
};

struct Stream {
  Random random{41};
  Batch next(int64_t n, at::ScalarType type = at::kDouble) { return {random.normal({n, kWidth}, type), random.integers(3, {n})}; }
};

/// All rows that ever came, newest last: the memory as a list that is cut.
struct List {
  int64_t capacity;
  Tensor x = at::zeros({0, kWidth}, at::kDouble), y = at::zeros({0}, at::kLong);

  void add(const Batch& batch) {
    x = at::cat({x, batch.x}), y = at::cat({y, batch.y});
    const auto cut = std::max<int64_t>(0, x.size(0) - capacity);
    x = x.narrow(0, cut, x.size(0) - cut), y = y.narrow(0, cut, y.size(0) - cut);
  }
};

/// Every pair of the batch with the list, but those of a row with itself, which are the list's last n.
mining::Pairs pairs_of(const Batch& batch, const List& list) {
  std::vector<int64_t> pairs[4];
  const auto n = batch.x.size(0), m = list.x.size(0);
  for (int64_t i = 0; i < n; ++i)
    for (int64_t j = 0; j < m; ++j) {
      if (j - (m - n) == i) continue;
      const auto same = batch.y[i].item<int64_t>() == list.y[j].item<int64_t>();
      pairs[same ? 0 : 2].push_back(i), pairs[same ? 1 : 3].push_back(j);
    }
  const auto indices = [&](int which) { return at::tensor(pairs[which], at::kLong); };
  return mining::Pairs(indices(0), indices(1), indices(2), indices(3));
}

template <class Memory>
void in_double(Memory& memory) {
  memory->to(at::kDouble);
}

}  // namespace

TEST_CASE("the batch enters first, and is compared with all of the memory but itself") {
  const auto check = [](const std::string& name, const auto& loss, const auto& function, const auto& options) {
    CrossBatchMemory memory(loss, CrossBatchMemoryOptions(kWidth).memory_size(11));
    in_double(memory);
    Stream stream;
    List list{11};
    for (const int64_t n : {3, 5, 1, 4, 11, 4, 2, 0, 7}) {  // fills, goes round, fills at once
      const auto batch = stream.next(n);
      list.add(batch);
      const auto x = as_leaves({batch.x})[0], reference = as_leaves({batch.x})[0];
      const auto actual = memory(x, batch.y), expected = function(reference, batch.y, list.x, list.y, pairs_of(batch, list), options);
      check_close(name, actual, expected, {1e-12, 1e-15});
      actual.backward();
      expected.backward();
      check_close(name + ", gradient", x.grad(), or_zeros(reference.grad(), reference), {1e-11, 1e-13});
      CHECK(memory->size() == list.x.size(0));
    }
  };
  check("sup_con", SupConLoss(), F::sup_con_loss, SupConLossOptions());
  check("sup_con, streaming", SupConLoss(with(SupConLossOptions(), streaming(3), at::kDouble)), F::sup_con_loss, SupConLossOptions());
  check("nt_xent", NTXentLoss(), F::nt_xent_loss, NTXentLossOptions());
  check("contrastive", ContrastiveLoss(), F::contrastive_loss, ContrastiveLossOptions());
  check("triplet_margin", TripletMarginLoss(), F::triplet_margin_loss, TripletMarginLossOptions());
  check("triplet_margin, swapped", TripletMarginLoss(TripletMarginLossOptions().swap(true)), F::triplet_margin_loss,
        TripletMarginLossOptions().swap(true));
  check("margin", MarginLoss(), F::margin_loss, MarginLossOptions());
  check("margin, learned", MarginLoss(MarginLossOptions().learn_beta(true).beta(1.25).nu(0.1)), F::margin_loss,
        MarginLossOptions().learn_beta(true).beta(1.25).nu(0.1));
  check("lifted_structure", LiftedStructureLoss(), F::lifted_structure_loss, LiftedStructureLossOptions());
  check("angular", AngularLoss(), F::angular_loss, AngularLossOptions());
  check("a functional", F::sup_con_loss, F::sup_con_loss, SupConLossOptions());
  check("a composition", ContrastiveLoss{similarity::Cosine{}, mining::Labels{}, objective::SupCon{}}, F::sup_con_loss,
        SupConLossOptions());
}

TEST_CASE("neighbourhood components in a memory do not find themselves") {
  Stream stream;
  CrossBatchMemory memory(NCALoss(), kWidth);
  in_double(memory);
  const auto batch = stream.next(5), more = stream.next(4);
  check_close("nca, nothing but itself", memory(batch.x, batch.y), F::nca_loss(batch.x, batch.y), {1e-12, 0});
  CHECK(memory(more.x, more.y).item<double>() != F::nca_loss(more.x, more.y).item<double>());
}

TEST_CASE("a function that knows references alone sees the memory without the batch") {
  Stream stream;
  std::vector<int64_t> seen;
  CrossBatchMemory memory(
      [&](const Tensor& x, const Tensor&, const Tensor& references, const Tensor& labels) {
        CHECK(references.size(0) == labels.size(0));
        seen.push_back(references.size(0));
        return x.sum();
      },
      CrossBatchMemoryOptions(kWidth).memory_size(6));
  in_double(memory);
  for (const int64_t n : {2, 3, 4}) {
    const auto batch = stream.next(n);
    memory(batch.x, batch.y);
  }
  CHECK(seen == std::vector<int64_t>{0, 2, 2});
}

TEST_CASE("a call that throws leaves the memory as it was") {
  Stream stream;
  const auto fails = [](const Tensor& x, const Tensor&, const Tensor&, const Tensor&) -> Tensor {
    TORCH_CHECK(false, "no loss of ", x.sizes());
  };
  CrossBatchMemory memory(fails, CrossBatchMemoryOptions(kWidth).memory_size(6));
  in_double(memory);
  const auto batch = stream.next(3);
  CHECK_THROWS_WITH(memory(batch.x, batch.y), Contains("no loss of"));
  CHECK(memory->size() == 0);
  CHECK_THROWS_WITH(memory(batch.x, batch.y, batch.x, batch.y), Contains("no loss of"));
  CHECK(memory->size() == 0);
}

TEST_CASE("a momentum queue: keys enter, embeddings are anchors against all of it") {
  Stream stream;
  List list{10};
  CrossBatchMemory memory(NTXentLoss(), CrossBatchMemoryOptions(kWidth).memory_size(10));
  in_double(memory);
  for (const int64_t n : {4, 3, 6, 2}) {
    const auto query = stream.next(n), key = stream.next(n + 1);
    list.add(key);
    check_close("queue", memory(query.x, query.y, key.x, key.y), F::nt_xent_loss(query.x, query.y, list.x, list.y), {1e-12, 1e-15});
  }
  // without labels each instance is a class of its own
  CrossBatchMemory instances(NTXentLoss(), CrossBatchMemoryOptions(kWidth).memory_size(10));
  in_double(instances);
  List all{10};
  int64_t first = 0;
  for (const int64_t n : {4, 4, 4}) {
    const auto query = stream.next(n), key = stream.next(n);
    const auto names = at::arange(first, first + n);
    first += n;
    all.add({key.x, names});
    check_close("instances", instances(query.x, Tensor(), key.x, Tensor()), F::nt_xent_loss(query.x, names, all.x, all.y), {1e-12, 0});
  }
}

TEST_CASE("labels stay what they are, whatever the memory's type") {
  CrossBatchMemory memory(SupConLoss(), kWidth);
  memory->enqueue(at::ones({2, kWidth}), at::tensor({3001, 70001}, at::kLong));
  memory->to(at::kHalf);
  memory->to(at::kCPU, at::kBFloat16);
  CHECK(memory->embeddings.scalar_type() == at::kBFloat16);
  CHECK(memory->labels.narrow(0, 0, 2).equal(at::tensor({3001, 70001}, at::kLong)));
  CHECK(memory->size() == 2);
  torch::nn::Sequential outer(memory.ptr());  // also as a part of another module
  outer->to(at::kDouble);
  CHECK(memory->labels.scalar_type() == at::kLong);
  CHECK(memory->named_buffers()["labels"].is_same(memory->labels));
}

TEST_CASE("several calls may wait for their backward") {
  Stream stream;
  CrossBatchMemory memory(SupConLoss(), CrossBatchMemoryOptions(kWidth).memory_size(6));
  in_double(memory);
  auto total = at::zeros({}, at::kDouble);
  for (int step = 0; step < 4; ++step) {
    const auto batch = stream.next(4);
    total = total + memory(batch.x.requires_grad_(), batch.y);
  }
  CHECK_NOTHROW(total.backward());  // the ring was written to since
}

TEST_CASE("evaluation remembers nothing, and clear forgets") {
  Stream stream;
  CrossBatchMemory memory(SupConLoss(), kWidth);
  in_double(memory);
  const auto first = stream.next(5), second = stream.next(5);
  memory(first.x, first.y);
  memory->eval();
  const auto evaluated = memory(second.x, second.y);
  CHECK(memory->size() == 5);
  memory->train();
  CHECK(memory(second.x, second.y).equal(evaluated));
  CHECK(memory->size() == 10);
  memory->clear();
  CHECK(memory->size() == 0);
  check_close("after clear", memory(first.x, first.y), F::sup_con_loss(first.x, first.y), {1e-12, 0});
  memory->enqueue(second.x, second.y);
  CHECK(memory->size() == 10);
}

TEST_CASE("the memory survives saving, and clones have their own") {
  Stream stream;
  const auto options = CrossBatchMemoryOptions(kWidth).memory_size(7);
  CrossBatchMemory memory(SupConLoss(), options), restored(SupConLoss(), options);
  in_double(memory);
  in_double(restored);
  for (const int64_t n : {3, 5, 2}) {  // has gone round
    const auto batch = stream.next(n);
    memory(batch.x, batch.y);
  }
  std::stringstream file;
  torch::save(memory, file);
  torch::load(restored, file);
  CHECK(restored->size() == 7);
  const auto copy = std::dynamic_pointer_cast<CrossBatchMemoryImpl<SupConLoss>>(memory->clone());
  REQUIRE(copy);
  CHECK(copy->loss.ptr() != memory->loss.ptr());
  for (int step = 0; step < 3; ++step) {
    const auto batch = stream.next(4);
    const auto expected = memory(batch.x, batch.y);
    CHECK(restored(batch.x, batch.y).equal(expected));
    CHECK(copy->forward(batch.x, batch.y).equal(expected));
  }
  CHECK(memory->buffers().size() == 3);
  CHECK(
      c10::str(memory) ==
      "idcl::CrossBatchMemory(embedding_size=4, memory_size=7)(\n  (loss): idcl::SupConLoss(temperature=0.1, form=out, reduction=mean)\n)");
}

TEST_CASE("bfloat16 embeddings are remembered in the memory's type") {
  Stream stream;
  CrossBatchMemory memory(SupConLoss(), kWidth);
  for (int step = 0; step < 2; ++step) {
    const auto batch = stream.next(5, at::kBFloat16);
    const auto x = batch.x.clone().requires_grad_();
    const auto loss = memory(x, batch.y.to(at::kInt));
    CHECK(loss.scalar_type() == at::kFloat);
    loss.backward();
    CHECK(x.grad().scalar_type() == at::kBFloat16);
  }
  CHECK(memory->embeddings.scalar_type() == at::kFloat);
}

TEST_CASE("a memory says what makes no sense") {
  Stream stream;
  const auto batch = stream.next(5);
  CHECK_THROWS_WITH(CrossBatchMemory(SupConLoss(), 0), Contains("idcl::CrossBatchMemory: expected `embedding_size` > 0, but got 0"));
  CHECK_THROWS_WITH(CrossBatchMemory(SupConLoss(), CrossBatchMemoryOptions(4).memory_size(0)),
                    Contains("expected `memory_size` > 0, but got 0"));
  CrossBatchMemory memory(SupConLoss(), CrossBatchMemoryOptions(kWidth).memory_size(4));
  in_double(memory);
  CHECK_THROWS_WITH(memory(batch.x, batch.y),
                    Contains("idcl::CrossBatchMemory: expected `embeddings` of at most `memory_size` = 4 rows, but got 5"));
  CHECK_THROWS_WITH(memory(batch.x.narrow(1, 0, 3), batch.y),
                    Contains("idcl::CrossBatchMemory: expected `embeddings` to be [N, 4], but got [5, 3]"));
  const auto x = batch.x.narrow(0, 0, 3), y = batch.y.narrow(0, 0, 3);
  CHECK_THROWS_WITH(memory(x, y.to(at::kFloat)), Contains("idcl::CrossBatchMemory: expected `labels` to be integers, but got Float"));
  CHECK_THROWS_WITH(memory(x, batch.y), Contains("expected `labels` to be [3], one a row, but got [5]"));
  CHECK_THROWS_WITH(memory(x, y, batch.x, batch.y), Contains("expected `key_embeddings` of at most `memory_size` = 4 rows, but got 5"));
  CHECK_THROWS_WITH(memory(x, Tensor(), x.narrow(0, 0, 2), Tensor()),
                    Contains("expected `key_embeddings` to have the 3 rows of `embeddings`, but got [2, 4]"));
  CHECK_THROWS_WITH(memory(x, y, x, Tensor()), Contains("expected `key_labels` to be a tensor [N], but got an undefined tensor"));
  CHECK_THROWS_WITH(memory(x, y, x.to(at::kFloat), y),
                    Contains("expected `embeddings` and `key_embeddings` to have one type, but got Double and Float"));
  CHECK(memory->size() == 0);  // what was refused did not enter
  // a pair of a class cannot be told from a memory: refused where it is compiled
  static_assert(!std::is_invocable_v<decltype(F::n_pairs_loss), Tensor, Tensor, mining::Beside>);
  static_assert(std::is_invocable_v<decltype(F::sup_con_loss), Tensor, Tensor, mining::Beside>);
}
