// InfoNCE and SupCon as row states: definition, tiles, merging, slopes, and what they leave behind when pairs are taken out.

#include "idcl/objective/info_nce.hpp"
#include "idcl/objective/sup_con.hpp"
#include "support/gradcheck.hpp"
#include "support/oracle.hpp"
#include "support/random.hpp"

#include <numeric>

namespace {

using namespace idcl;
using namespace idcl::test;
using objective::InfoNCE;
using objective::SupCon;
using oracle::Role;

constexpr int64_t kN = 6, kM = 9;

/// Random parts for the pairs of kN x kM; row 0 has no positive, row 1 no negative, row 2 neither, row 3 one of each.
struct Parts {
  Tensor positive, candidate;  ///< bool [kN, kM]
};

Parts random_parts(uint64_t seed) {
  const auto draw = Random(seed).integers(3, {kN, kM});
  auto positive = draw.eq(1), negative = draw.eq(2);
  positive[0].zero_(), negative[1].zero_();
  positive[2].zero_(), negative[2].zero_();
  positive[3].zero_(), negative[3].zero_();
  positive[3][4] = true, negative[3][7] = true;
  positive[1][0] = true, negative[0][0] = true;
  return {positive, positive.logical_or(negative)};
}

Tile tile_of(const Tensor& s, const Parts& parts, int64_t begin = 0, int64_t size = kM) {
  return {.similarity = s.narrow(1, begin, size),
          .candidate = PairSet::mask(parts.candidate.narrow(1, begin, size)),
          .positive = PairSet::mask(parts.positive.narrow(1, begin, size)),
          .col = begin};
}

template <class O>
typename O::Rows state(const O& objective, const Tile& tile) {
  auto rows = objective.begin(tile.rows(), tile.similarity.options());
  for (int pass = 0; pass < O::passes; ++pass) objective.update(rows, tile, pass);
  return rows;
}

template <class Rows>
Inputs members(Rows rows) {
  return std::apply([](const auto&... member) { return Inputs{member...}; }, rows.members());
}

/// States that say the same: equal, but that two sums with nothing in them differ by how often nothing was added.
template <class Rows>
void check_states(const std::string& what, const Rows& actual, const Rows& expected) {
  const auto a = members(actual), b = members(expected);
  for (std::size_t i = 0; i < a.size(); ++i)
    check_close(what, a[i].masked_fill(objective::is_empty(a[i]), kNothing), b[i].masked_fill(objective::is_empty(b[i]), kNothing),
                {1e-13, 1e-13});
}

oracle::Roles roles_of(const Parts& parts) {
  return oracle::roles(oracle::Matrix(kN, std::vector<oracle::Real>(kM)), [&](int64_t i, int64_t j) {
    return parts.positive[i][j].item<bool>() ? Role::Positive : parts.candidate[i][j].item<bool>() ? Role::Negative : Role::Ignored;
  });
}

oracle::Rows definition(const InfoNCE& o, const Tensor& s, const Parts& parts) {
  return oracle::inside(oracle::matrix_of(s), roles_of(parts), o.temperature, o.epsilon);
}
oracle::Rows definition(const SupCon& o, const Tensor& s, const Parts& parts) {
  return oracle::outside(oracle::matrix_of(s), roles_of(parts), o.temperature);
}

std::string name_of(const InfoNCE& o) {
  return "InfoNCE, temperature " + std::to_string(o.temperature) + ", epsilon " + std::to_string(o.epsilon);
}
std::string name_of(const SupCon& o) { return "SupCon, temperature " + std::to_string(o.temperature); }

/// A negative temperature reads a distance as a similarity.
template <class Check>
void for_each_objective(const Check& check) {
  check(InfoNCE{.temperature = 0.3});
  check(InfoNCE{.temperature = -0.5});
  check(InfoNCE{.temperature = 0.3, .epsilon = 1e-3});
  check(SupCon{.temperature = 0.3});
  check(SupCon{.temperature = -0.5});
}

}  // namespace

TEST_CASE("a row's loss and terms are those of the definition") {
  for_each_objective([](const auto& objective) {
    for (uint64_t seed = 0; seed < 5; ++seed) {
      const auto s = Random(seed).normal({kN, kM});
      const auto parts = random_parts(seed + 10);
      const auto rows = state(objective, tile_of(s, parts));
      const auto expected = definition(objective, s, parts);
      check_close(name_of(objective), objective.loss(rows), oracle::losses(expected), tolerances(at::kDouble).loss);
      for (int64_t i = 0; i < kN; ++i) CHECK(objective.terms(rows)[i].template item<int64_t>() == expected[i].terms);
    }
  });
}

TEST_CASE("rows without a positive cost exactly nothing, rows without a negative nothing where positives are summed") {
  const auto s = Random(1).normal({kN, kM});
  const auto parts = random_parts(2);
  for_each_objective([&](const auto& objective) {
    const auto loss = objective.loss(state(objective, tile_of(s, parts)));
    CHECK(loss[0].template item<double>() == 0);
    CHECK(loss[2].template item<double>() == 0);
    if constexpr (std::is_same_v<std::decay_t<decltype(objective)>, InfoNCE>) CHECK(loss[1].template item<double>() == 0);
  });
}

TEST_CASE("merging is associative and commutative, and the same as one update") {
  const auto s = Random(3).normal({kN, kM});
  const auto parts = random_parts(4);
  for_each_objective([&](const auto& objective) {
    using O = std::decay_t<decltype(objective)>;
    const auto part = [&](int64_t begin, int64_t size) { return state(objective, tile_of(s, parts, begin, size)); };
    const auto merged = [&](typename O::Rows a, const typename O::Rows& b) {
      objective.merge(a, b);
      return a;
    };
    const auto a = part(0, 2), b = part(2, 3), c = part(5, 4), all = part(0, kM), nothing = objective.begin(kN, s.options());
    check_states(name_of(objective) + ", (a b) c", merged(merged(a, b), c), all);
    check_states(name_of(objective) + ", a (b c)", merged(a, merged(b, c)), all);
    check_states(name_of(objective) + ", c (b a)", merged(c, merged(b, a)), all);
    check_states(name_of(objective) + ", with nothing", merged(merged(nothing, all), nothing), all);
    auto updated = nothing;
    for (int64_t j = kM - 1; j >= 0; --j) objective.update(updated, tile_of(s, parts, j, 1), 0);
    check_states(name_of(objective) + ", column by column", updated, all);
  });
}

TEST_CASE("the gradient is that of the loss") {
  const auto s = Random(5).normal({kN, kM}), upstream = Random(6).normal({kN});
  const auto parts = random_parts(7);
  for_each_objective([&](const auto& objective) {
    const auto leaf = s.clone().requires_grad_();
    const auto expected =
        gradient([&](const Inputs& in) { return (objective.loss(state(objective, tile_of(in[0], parts))) * upstream).sum(); }, {leaf})[0];
    const auto rows = state(objective, tile_of(s, parts));
    check_close(name_of(objective), objective.gradient(rows, tile_of(s, parts), upstream), expected, {1e-12, 1e-13});
    for (int64_t j = 0; j < kM; j += 2) {  // of a tile: those columns
      const auto width = std::min<int64_t>(2, kM - j);
      check_close(name_of(objective) + ", tile", objective.gradient(rows, tile_of(s, parts, j, width), upstream),
                  expected.narrow(1, j, width), {1e-12, 1e-12});
    }
  });
}

TEST_CASE("no gradient reaches a pair that is not compared, or a row that has no term") {
  const auto s = Random(8).normal({kN, kM});
  const auto parts = random_parts(9);
  for_each_objective([&](const auto& objective) {
    const auto slopes = objective.gradient(state(objective, tile_of(s, parts)), tile_of(s, parts), at::ones({kN}, at::kDouble));
    CHECK(largest(slopes.masked_select(parts.candidate.logical_not())) == 0);
    CHECK(largest(slopes[0]) == 0);
    CHECK(largest(slopes[2]) == 0);
  });
}

TEST_CASE("pull carries slopes of the state back to similarities") {
  const auto s = Random(10).normal({kN, kM});
  const auto parts = random_parts(11);
  for_each_objective([&](const auto& objective) {
    using O = std::decay_t<decltype(objective)>;
    const auto rows = state(objective, tile_of(s, parts));
    typename O::Rows slopes = rows;
    Random random(12);
    std::apply([&](auto&... member) { ((member = random.normal({kN}).masked_fill(objective::is_empty(member), 0)), ...); },
               slopes.members());
    if constexpr (std::is_same_v<O, InfoNCE>) slopes.peak.zero_();  // a constant
    if constexpr (std::is_same_v<O, SupCon>) slopes.count.zero_();
    const auto weights = members(slopes);
    const auto expected = gradient(
        [&](const Inputs& in) {
          const auto state_of = members(state(objective, tile_of(in[0], parts)));
          auto total = at::zeros({}, at::kDouble);
          for (std::size_t i = 0; i < weights.size(); ++i)
            if (state_of[i].requires_grad()) total = total + (state_of[i] * weights[i]).sum();
          return total;
        },
        {s.clone().requires_grad_()})[0];
    check_close(name_of(objective), objective.pull(rows, tile_of(s, parts), slopes), expected, {1e-12, 1e-12});
  });
}

TEST_CASE("the gradient can be differentiated in similarity, state and upstream slope") {
  const auto s = Random(13).normal({kN, kM}), upstream = Random(14).normal({kN}), weights = Random(15).normal({kN, kM});
  const auto parts = random_parts(16);
  for_each_objective([&](const auto& objective) {
    auto rows = state(objective, tile_of(s, parts));
    // rows with both kinds of pair: where a sum is empty its member is no variable
    const auto both = at::tensor({3, 4, 5}, at::kLong);
    Inputs inputs{s.index_select(0, both), upstream.index_select(0, both)};
    for (const auto& member : members(rows)) inputs.push_back(member.index_select(0, both));
    const auto last = inputs.back();
    const bool counts = std::is_same_v<std::decay_t<decltype(objective)>, SupCon>;  // the last member, no variable either
    if (counts) inputs.pop_back();
    const auto f = [&](const Inputs& in) {
      auto variable = rows;
      std::size_t next = 2;
      std::apply([&](auto&... member) { ((member = next < in.size() ? in[next] : last, ++next), ...); }, variable.members());
      const Parts some{parts.positive.index_select(0, both), parts.candidate.index_select(0, both)};
      return (objective.gradient(variable, tile_of(in[0], some), in[1]) * weights.index_select(0, both)).sum();
    };
    gradcheck(name_of(objective), f, inputs);
  });
}

TEST_CASE("pairs taken out of a sum leave the rest") {
  const auto s = Random(17).normal({kN, kM});
  for_each_objective([&](const auto& objective) {
    auto rows = state(objective, Tile{.similarity = s});
    const auto lost = objective.remove_negatives(rows, Tile{.similarity = s.narrow(1, 0, 3)});
    CHECK_FALSE(lost.any().template item<bool>());
    const auto expected = state(objective, Tile{.similarity = s.narrow(1, 3, kM - 3)});
    check_close(name_of(objective), rows.negatives, expected.negatives, {1e-12, 1e-12});
  });
}

TEST_CASE("pairs that are nearly all of a sum are reported, what is left of them is no NaN") {
  for (const auto type : {at::kDouble, at::kFloat}) {
    auto s = Random(18).normal({3, 5}, type);
    s[0][0] = 40, s[1].narrow(0, 0, 2).fill_(9);
    for_each_objective([&](const auto& objective) {
      if (objective.temperature < 0) return;
      auto rows = state(objective, Tile{.similarity = s});
      const auto lost = objective.remove_negatives(rows, Tile{.similarity = s.narrow(1, 0, 2)});
      CHECK(lost[0].template item<bool>());
      CHECK(lost[1].template item<bool>());
      CHECK_FALSE(lost[2].template item<bool>());
      CHECK_FALSE(rows.negatives.isnan().any().template item<bool>());
    });
  }
}

TEST_CASE("states stay finite where logits are far apart") {
  for (const auto type : {at::kDouble, at::kFloat}) {
    const auto s = at::tensor({-1.0, 1.0, -1.0, 1.0, 0.0, 0.5}, type).view({2, 3});
    for (const double temperature : {1e-30, 1e-4, 1e4, 1e30}) {
      const auto check = [&](const auto& objective) {
        for (const auto& positive : {at::tensor({1, 0, 0, 0, 1, 0}, at::kLong), at::tensor({0, 1, 0, 1, 0, 0}, at::kLong)}) {
          const Tile tile{.similarity = s, .positive = PairSet::mask(positive.view({2, 3}).to(at::kBool))};
          const auto rows = state(objective, tile);
          CHECK(objective.loss(rows).isfinite().all().template item<bool>());
          CHECK(objective.loss(rows).ge(0).all().template item<bool>());
          CHECK(objective.gradient(rows, tile, at::ones({2}, type)).isfinite().all().template item<bool>());
        }
      };
      check(InfoNCE{.temperature = temperature});
      check(InfoNCE{.temperature = temperature, .epsilon = 1e-8});
      check(SupCon{.temperature = temperature});
    }
  }
}

TEST_CASE("small losses keep their digits in float32") {
  // one positive far above one negative: the loss is exp(-gap), whatever the size of the logits
  for (const double base : {0.0, 50.0}) {
    for (const double gap : {5.0, 15.0, 60.0}) {
      const auto s = at::tensor({base + gap, base}, at::kFloat).view({1, 2});
      const Tile tile{.similarity = s, .positive = PairSet::mask(at::tensor({1, 0}, at::kLong).to(at::kBool).view({1, 2}))};
      const auto check = [&](const auto& objective) {
        const auto rows = state(objective, tile);
        check_close("loss", objective.loss(rows), at::full({1}, std::log1p(std::exp(-gap)), at::kDouble), {1e-6, 0});
        const double slope = 1 / (1 + std::exp(gap));
        check_close("gradient", objective.gradient(rows, tile, at::ones({1})), at::tensor({-slope, slope}, at::kDouble).view({1, 2}),
                    {1e-6, 0});
      };
      check(InfoNCE{.temperature = 1});
      check(SupCon{.temperature = 1});
    }
  }
}
