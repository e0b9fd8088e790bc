// Every golden case of every miner, at every tile size: the same sets of pairs and triplets.

#include "mining/miners.hpp"
#include "support/catch.hpp"
#include "support/golden.hpp"
#include "support/setting.hpp"

#include <algorithm>
#include <sstream>

namespace {

using namespace idcl;
using namespace idcl::test;

Found expected(const golden::Case& c) {
  Found result;
  for (const auto& row : c.expected.value("triplets", nlohmann::json::array()))
    result.triplets.push_back(row.get<std::array<int64_t, 3>>());
  for (const auto& row : c.expected.value("pos_pairs", nlohmann::json::array()))
    result.positives.push_back(row.get<std::array<int64_t, 2>>());
  for (const auto& row : c.expected.value("neg_pairs", nlohmann::json::array()))
    result.negatives.push_back(row.get<std::array<int64_t, 2>>());
  return result;
}

/// (i, j) and (j, i) tie in a self-comparison, and where a share of all pairs ends between the two, either may be in it.
Found without_order(Found of) {
  for (auto* pairs : {&of.positives, &of.negatives})
    for (auto& pair : *pairs) std::sort(pair.begin(), pair.end());
  return of;
}

}  // namespace

TEST_CASE("golden miners: equal sets") {
  int seen = 0;
  for (const auto& file : golden::files("miners")) {
    const auto& subject = miner(file);
    for (const auto& c : golden::cases("miners", file)) {
      const bool self = !c.inputs.contains("ref_embeddings");
      const MinerArguments arguments{c.inputs.at("embeddings"), c.inputs.at("labels"), self ? Tensor() : c.inputs.at("ref_embeddings"),
                                     self ? Tensor() : c.inputs.at("ref_labels")};
      for (const int64_t side : {1, 3, 7, 64}) {
        INFO(c.where() << ", tiles of side " << side);
        auto actual = subject.mine(arguments, c.options, workspace_for(side, 8)), wanted = expected(c);
        if (file == "hdc" && self) actual = without_order(actual), wanted = without_order(wanted);
        CHECK(actual.sorted() == wanted.sorted());
        ++seen;
      }
    }
  }
  CHECK(seen > 0);
}
