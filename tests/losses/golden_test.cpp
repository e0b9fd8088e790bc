// Every golden case of the losses that stand here, under every evaluator, tile size and type.

#include "support/golden.hpp"
#include "idcl/losses/clip.hpp"
#include "idcl/losses/idcl.hpp"
#include "idcl/losses/info_nce.hpp"
#include "idcl/losses/sup_con.hpp"
#include "support/golden_cases.hpp"
#include "support/label_call.hpp"
#include "support/options_of.hpp"
#include "support/setting.hpp"

#include <functional>
#include <sstream>

namespace {

namespace F = idcl::functional;
using namespace idcl::test;
using golden::Case;
using golden::Tensors;

/// One way to read a file's cases: which expected values they are to give, and the call that gives them.
struct Reading {
  std::string prefix;  ///< of the expected keys
  std::string suffix;
  std::function<Tensor(const Case&, const Tensors&, const Setting&)> call;
  std::function<double(const Case&, const Tensors&)> temperature = [](const Case& c, const Tensors&) {
    return c.options.value("temperature", 1.0);
  };

  std::string loss() const { return prefix + "loss" + suffix; }
  std::string grads() const { return prefix + "grads" + suffix; }
};

Tensor optional(const Tensors& inputs, const std::string& name) { return inputs.contains(name) ? inputs.at(name) : Tensor(); }

template <class Options>
Options options_for(const Case& c, const Tensor& rows, const Setting& setting, Options options = {}) {
  return with(options_of(c.options, options), setting, rows.scalar_type());
}

Reading idcl_reading(const std::string& suffix, const idcl::IDCLLossOptions& options) {
  return {"", suffix, [=](const Case& c, const Tensors& in, const Setting& setting) {
            return F::idcl_loss(in.at("anchor"), in.at("modality"), optional(in, "mask"),
                                options_for(c, in.at("anchor"), setting, options));
          }};
}

Reading pair_reading(const std::string& a, const std::string& b, const std::string& prefix, const std::string& suffix,
                     const idcl::IDCLLossOptions& options) {
  return {prefix, suffix, [=](const Case& c, const Tensors& in, const Setting& setting) {
            return F::idcl_pair_loss(in.at(a), in.at(b), optional(in, "mask"), options_for(c, in.at(a), setting, options));
          }};
}

Tensor info_nce(const Case& c, const Tensors& in, const Setting& setting) {
  return F::info_nce_loss(in.at("query"), in.at("key"), options_for<idcl::InfoNCELossOptions>(c, in.at("query"), setting));
}

Tensor clip(const Case& c, const Tensors& in, const Setting& setting) {
  return F::clip_loss(in.at("image"), in.at("text"), in.at("logit_scale"), options_for<idcl::ClipLossOptions>(c, in.at("image"), setting));
}

/// `reducer: mean` is the mean over all rows, those without a term too.
Tensor sup_con(const Case& c, const Tensors& in, const Setting& setting) {
  auto options = options_for<idcl::SupConLossOptions>(c, in.at("embeddings"), setting);
  const bool all_rows = c.options.contains("reducer");
  if (all_rows) options.reduction(torch::kNone);
  // PML means rows above zero alone, which makes a difference where given pairs bring a row to or below it
  if (c.quirk && !c.expected.contains("loss_clean")) options.reduction(idcl::kMeanNonZero);
  const auto loss = call_with_labels(F::sup_con_loss, in, options);
  return all_rows ? loss.mean() : loss;
}

std::map<std::string, std::vector<Reading>> readings() {
  const auto released = idcl::IDCLLossOptions::official();
  const auto scale_of = [](const Case&, const Tensors& in) { return 1 / in.at("logit_scale").item<double>(); };
  return {
      {"idcl", {idcl_reading("_clean", {}), idcl_reading("", released)}},
      {"idcl_pair", {pair_reading("a", "b", "", "_clean", {}), pair_reading("a", "b", "", "", released)}},
      {"idcl_masked", {idcl_reading("_clean", {}), idcl_reading("", released), pair_reading("anchor", "modality", "pair_", "_clean", {})}},
      {"idcl_variants", {idcl_reading("", {})}},
      {"info_nce", {{"", "", info_nce}}},
      {"clip", {{"", "", clip, scale_of}}},
      {"sup_con", {{"", "_clean", sup_con, [](const Case& c, const Tensors&) { return c.options.value("temperature", 0.1); }}}},
  };
}

/// The value that `reading` is held against: the golden number, or `loss` where a file has no clean one.
std::optional<Reading> applied_to(Reading reading, const Case& c) {
  if (!c.expected.contains(reading.loss()) && reading.prefix.empty()) reading.suffix = "";
  return c.expected.contains(reading.loss()) ? std::optional(reading) : std::nullopt;
}

template <class Check>
int for_each_reading(const Check& check) {
  int seen = 0;
  for (const auto& [name, all] : readings()) {
    const int before = seen;
    for (const auto& given : golden::cases("losses", name)) {
      const auto c = as_asked_here(given);
      const int of_others = seen;
      for (const auto& reading : all)
        if (const auto applied = applied_to(reading, c)) check(c, *applied), ++seen;
      INFO(c.where());
      CHECK(seen > of_others);
    }
    INFO(name);
    CHECK(seen > before);
  }
  return seen;
}

void check_case(const Case& c, const Reading& reading, const Setting& setting, at::ScalarType type) {
  std::ostringstream where;
  where << c.where() << ", " << reading.loss() << ", " << type << ", " << setting;
  const auto in = golden::leaves(c, type);
  const auto tolerance = tolerances(type, reading.temperature(c, c.inputs));
  const auto loss = reading.call(c, in, setting);
  REQUIRE(loss.scalar_type() == type);
  check_close(where.str(), loss.item<double>(), golden::number(c.expected.at(reading.loss())), tolerance.loss);
  if (!c.expected.contains(reading.grads())) return;
  loss.backward();
  for (const auto& [name, gradient] : golden::tensors(c.expected.at(reading.grads())))
    check_close(where.str() + ", gradient of " + name, or_zeros(in.at(name).grad(), in.at(name)), gradient, tolerance.gradient);
}

}  // namespace

TEST_CASE("golden losses and gradients in float64") {
  for_each_reading([](const Case& c, const Reading& reading) {
    for (const auto& setting : all_settings()) check_case(c, reading, setting, at::kDouble);
  });
}

TEST_CASE("where PyTorch Metric Learning's supervised contrastive loss is another than the formula's, its pairs give its value") {
  int seen = 0;
  for (const auto& given : golden::cases("losses", "sup_con"))
    if (const auto c = as_asked_for_parity(given)) {
      for (const auto& setting : all_settings()) check_case(*c, {"", "", sup_con}, setting, at::kDouble);
      ++seen;
    }
  CHECK(seen > 0);
}

TEST_CASE("golden losses and gradients in float32") {
  for_each_reading([](const Case& c, const Reading& reading) {
    for (const auto& setting : all_settings()) check_case(c, reading, setting, at::kFloat);
  });
}

TEST_CASE("half-precision inputs give a float32 loss as good as float32 inputs of the same values") {
  for_each_reading([](const Case& c, const Reading& reading) {
    for (const auto type : {at::kBFloat16, at::kHalf}) {
      auto rounded = c;
      for (auto& [name, value] : rounded.inputs)
        if (value.is_floating_point()) value = value.to(type).to(at::kDouble);
      const auto expected = reading.call(rounded, rounded.inputs, dense()).item<double>();
      for (const auto& setting : {dense(), streaming(3)}) {
        std::ostringstream where;
        where << c.where() << ", " << reading.loss() << ", " << type << ", " << setting;
        const auto loss = reading.call(rounded, golden::leaves(rounded, type), setting);
        REQUIRE(loss.scalar_type() == at::kFloat);
        check_close(where.str(), loss.item<double>(), expected, tolerances(at::kFloat, reading.temperature(c, c.inputs)).loss);
      }
    }
  });
}
