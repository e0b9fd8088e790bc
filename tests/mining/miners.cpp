#include "mining/miners.hpp"

#include "idcl/mining/angular.hpp"
#include "idcl/mining/batch_easy_hard.hpp"
#include "idcl/mining/batch_hard.hpp"
#include "idcl/mining/hdc.hpp"
#include "idcl/mining/multi_similarity.hpp"
#include "idcl/mining/pair_margin.hpp"
#include "idcl/mining/triplet_margin.hpp"
#include "idcl/similarity/dot.hpp"

#include <algorithm>
#include <map>
#include <stdexcept>

namespace idcl::test {

namespace {

using nlohmann::json;

std::vector<int64_t> numbers(const Tensor& x) {
  const auto values = x.contiguous();
  return {values.data_ptr<int64_t>(), values.data_ptr<int64_t>() + values.numel()};
}

similarity::Any similarity_of(const std::string& name) {
  if (name == "lp") return similarity::Euclidean{};
  if (name == "lp_raw") return similarity::Euclidean{.normalize = false};
  if (name == "lp_squared") return similarity::Euclidean{.power = 2};
  if (name == "cosine") return similarity::Cosine{};
  if (name == "dot_raw") return similarity::Dot{};
  throw std::runtime_error("no similarity for the golden distance " + name);
}

mining::Strategy strategy_of(const std::string& name) {
  using mining::Strategy;
  return std::map<std::string, Strategy>{
      {"easy", Strategy::Easy}, {"semihard", Strategy::SemiHard}, {"hard", Strategy::Hard}, {"all", Strategy::All}}
      .at(name);
}

mining::TripletKind kind_of(const std::string& name) {
  using mining::TripletKind;
  return std::map<std::string, TripletKind>{
      {"all", TripletKind::All}, {"hard", TripletKind::Hard}, {"semihard", TripletKind::SemiHard}, {"easy", TripletKind::Easy}}
      .at(name);
}

mining::Range range_of(const json& range) { return {range.at(0), range.at(1)}; }

/// Sets the option field of a golden option's name; false where the struct has none.
template <class Options>
bool set(Options& options, const std::string& name, const json& value) {
  if constexpr (requires { options.similarity; })
    if (name == "distance") return options.similarity = similarity_of(value), true;
  if constexpr (requires { options.pos_strategy; }) {
    if (name == "pos_strategy") return options.pos_strategy = strategy_of(value), true;
    if (name == "neg_strategy") return options.neg_strategy = strategy_of(value), true;
    if (name == "allowed_pos_range") return options.allowed_pos_range = range_of(value), true;
    if (name == "allowed_neg_range") return options.allowed_neg_range = range_of(value), true;
  }
  if constexpr (requires { options.margin; })
    if (name == "margin") return options.margin = value, true;
  if constexpr (requires { options.type_of_triplets; })
    if (name == "type_of_triplets") return options.type_of_triplets = kind_of(value), true;
  if constexpr (requires { options.pos_margin; }) {
    if (name == "pos_margin") return options.pos_margin = value, true;
    if (name == "neg_margin") return options.neg_margin = value, true;
  }
  if constexpr (requires { options.epsilon; })
    if (name == "epsilon") return options.epsilon = value, true;
  if constexpr (requires { options.angle; })
    if (name == "angle") return options.angle = value, true;
  if constexpr (requires { options.filter_percentage; })
    if (name == "filter_percentage") return options.filter_percentage = value, true;
  return false;
}

template <class Options, auto Body>
MinerSubject subject(const std::string& name, mining::detail::LabelMiner<Options, Body> miner) {
  return {name, [=](const MinerArguments& of, const json& golden, int64_t workspace_bytes) {
            Options options;
            for (const auto& [key, value] : golden.items())
              if (!set(options, key, value))
                throw std::runtime_error(name + ": no option field takes the golden option " + key + " = " + value.dump());
            options.workspace_bytes = workspace_bytes;
            return found(of.references.defined() ? miner(of.embeddings, of.labels, of.references, of.reference_labels, options)
                                                 : miner(of.embeddings, of.labels, options));
          }};
}

}  // namespace

PairRows pair_rows(const Tensor& anchor, const Tensor& other) {
  const auto a = numbers(anchor), b = numbers(other);
  if (a.size() != b.size()) throw std::logic_error("indices of two lengths");
  PairRows rows;
  for (std::size_t i = 0; i < a.size(); ++i) rows.push_back({a[i], b[i]});
  return rows;
}

Found found(const mining::Pairs& pairs) {
  return {
      .positives = pair_rows(pairs.anchor_pos, pairs.positive), .negatives = pair_rows(pairs.anchor_neg, pairs.negative), .triplets = {}};
}

Found found(const mining::Triplets& triplets) {
  const auto a = numbers(triplets.anchor), p = numbers(triplets.positive), n = numbers(triplets.negative);
  if (a.size() != p.size() || a.size() != n.size()) throw std::logic_error("indices of several lengths");
  Found result;
  for (std::size_t i = 0; i < a.size(); ++i) result.triplets.push_back({a[i], p[i], n[i]});
  return result;
}

Found Found::sorted() const {
  auto result = *this;
  std::sort(result.positives.begin(), result.positives.end());
  std::sort(result.negatives.begin(), result.negatives.end());
  std::sort(result.triplets.begin(), result.triplets.end());
  return result;
}

const std::vector<MinerSubject>& miners() {
  static const std::vector<MinerSubject> all{
      subject("angular", mining::angular),
      subject("batch_easy_hard", mining::batch_easy_hard),
      subject("batch_hard", mining::batch_hard),
      subject("hdc", mining::hdc),
      subject("multi_similarity", mining::multi_similarity),
      subject("pair_margin", mining::pair_margin),
      subject("triplet_margin", mining::triplet_margin),
  };
  return all;
}

const MinerSubject& miner(const std::string& name) {
  for (const auto& subject : miners())
    if (subject.name == name) return subject;
  throw std::runtime_error("no miner is tested against golden/miners/" + name + ".json");
}

}  // namespace idcl::test
