#pragma once

// Every miner that draws nothing, under one call, and what it finds as sorted lists.

#include "idcl/mining/tuples.hpp"

#include <nlohmann/json.hpp>

#include <array>
#include <cstdint>
#include <functional>
#include <string>
#include <vector>

namespace idcl::test {

using PairRows = std::vector<std::array<int64_t, 2>>;
using TripletRows = std::vector<std::array<int64_t, 3>>;

/// What a miner found, in the order it was found.
struct Found {
  PairRows positives, negatives;
  TripletRows triplets;
  bool operator==(const Found&) const = default;
  bool empty() const { return positives.empty() && negatives.empty() && triplets.empty(); }
  Found sorted() const;
};

PairRows pair_rows(const Tensor& anchor, const Tensor& other);
Found found(const mining::Pairs& pairs);
Found found(const mining::Triplets& triplets);

struct MinerArguments {
  Tensor embeddings, labels, references{}, reference_labels{};  ///< no references: a set with itself
};

struct MinerSubject {
  std::string name;  ///< of its golden file
  /// Options as in a golden case; the workspace in bytes.
  std::function<Found(const MinerArguments&, const nlohmann::json& options, int64_t workspace_bytes)> mine;
};

const std::vector<MinerSubject>& miners();
const MinerSubject& miner(const std::string& name);

}  // namespace idcl::test
