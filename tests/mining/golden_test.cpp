// The neighbours of every golden IDCL case, whichever file it stands in.

#include "support/golden.hpp"
#include "idcl/engine/evaluate.hpp"
#include "idcl/mining/top_k.hpp"
#include "idcl/similarity/cosine.hpp"
#include "support/catch.hpp"
#include "support/setting.hpp"

#include <sstream>

namespace {

using namespace idcl::test;
using idcl::Tensor;

/// "neighbors" are mined in `anchor`, "neighbors_a" in `a`.
std::string ground_of(const std::string& key) { return key == "neighbors" ? "anchor" : key.substr(std::string("neighbors_").size()); }

/// [B, L, D] -> [B, D], the mean over a dialog's utterances.
Tensor pooled(const golden::Tensors& inputs, const std::string& name) {
  const auto& x = inputs.at(name);
  if (x.dim() == 2) return x;
  if (!inputs.contains("mask")) return x.mean(1);
  const auto weight = inputs.at("mask").to(x.scalar_type()).unsqueeze(2);
  return (x * weight).sum(1) / weight.sum(1);
}

/// The list a miner finds, ascending in each row.
Tensor mined(const Tensor& rows, int64_t k, const Setting& setting) {
  const auto u = idcl::similarity::Cosine{}.embed(rows);
  const auto pairs =
      idcl::engine::mine(idcl::mining::TopK{.k = k}, idcl::Scene{.anchors = u, .references = u}, setting.evaluation(rows.scalar_type()));
  return std::get<0>(pairs.positives().sort(1));
}

}  // namespace

TEST_CASE("golden neighbours, at every tile size and type") {
  int seen = 0;
  for (const auto& file : golden::files("losses")) {
    for (const auto& c : golden::cases("losses", file)) {
      for (const auto& [key, value] : c.expected.items()) {
        if (key.rfind("neighbors", 0) != 0) continue;
        for (const auto type : {at::kDouble, at::kFloat}) {
          for (const auto& setting : all_settings()) {
            std::ostringstream where;
            where << c.where() << ", " << key << ", " << type << ", " << setting;
            INFO(where.str());
            CHECK(mined(pooled(c.inputs, ground_of(key)).to(type), c.options.at("num_neighbors"), setting).equal(golden::tensor(value)));
            ++seen;
          }
        }
      }
    }
  }
  CHECK(seen > 0);
}
