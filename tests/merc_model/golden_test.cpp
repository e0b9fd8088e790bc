#include "support/catch.hpp"

#include "golden.hpp"

#include "data/corpus.hpp"
#include "train/classifier.hpp"

#include <idcl/losses/idcl.hpp>

namespace F = idcl::functional;
using namespace merc;

namespace {

struct Precision {
  const char* prefix;
  at::ScalarType dtype;
  double relative, absolute;
};
constexpr Precision kPrecisions[] = {{"f32.", at::kFloat, 1e-5, 1e-5}, {"f64.", at::kDouble, 1e-10, 1e-12}};

}  // namespace

TEST_CASE("a state dict as the released trainer saves it gives the tensors that Python saved beside it", "[model]") {
  for (const auto* name : {"official_small", "pretrain_initial"}) {
    const auto read = read_weights(golden::folder() / (std::string(name) + ".pth"));
    const auto plain = golden::tensors(std::string(name) + "_plain.pt");
    REQUIRE(read.size() == plain.size());
    for (const auto& entry : plain) {
      INFO(entry.key());
      REQUIRE(read.contains(entry.key()));
      CHECK(at::equal(read[entry.key()], entry.value()));
    }
  }
}

TEST_CASE("the network has the names and shapes of the released code", "[model]") {
  const auto description = golden::description();
  auto network = golden::network("official_small.pth", at::kFloat);
  const auto parameters = network->named_parameters();
  CHECK(parameters.size() == description.at("parameters").size());
  int64_t count = 0;
  for (const auto& [name, shape] : description.at("parameters").items()) {
    INFO(name);
    REQUIRE(parameters.contains(name));
    CHECK(parameters[name].sizes() == at::IntArrayRef(shape.get<std::vector<int64_t>>()));
    count += parameters[name].numel();
  }
  CHECK(count == description.at("parameter_count").get<int64_t>());
  const auto buffers = network->named_buffers();
  for (const auto& [name, shape] : description.at("buffers").items()) {
    INFO(name);
    REQUIRE(buffers.contains(name));
    CHECK(buffers[name].sizes() == at::IntArrayRef(shape.get<std::vector<int64_t>>()));
  }
  // Ours is computed, theirs is read from the file.
  const Network fresh(network->options);
  for (const auto& entry : fresh->named_buffers()) golden::require_close(entry.key(), entry.value(), buffers[entry.key()], 1e-5, 1e-5);
}

TEST_CASE("the padded network computes what the released one computes, layer by layer", "[model]") {
  const auto all = golden::tensors("golden_small.pt");
  const auto config = golden::description().at("config");
  for (const auto& [prefix, dtype, relative, absolute] : kPrecisions) {
    const auto expect = [&, prefix = std::string(prefix), relative = relative, absolute = absolute](const std::string& name,
                                                                                                    const Tensor& actual) {
      golden::require_close(prefix + name, actual, all[prefix + name], relative, absolute);
    };
    auto network = golden::network("official_small.pth", dtype);
    const auto modules = network->named_modules();
    const auto batch = golden::batch(all, "input.", Pooling::Padded, dtype);
    const auto& layout = batch.layout;
    auto dropout = merc::Dropout::none();
    const at::NoGradGuard no_grad;

    size_t index = 0;
    for (const auto& [input, encoder] : {std::pair{"textf_input", "t_t"}, std::pair{"acouf_input", "a_a"}}) {
      const auto matrix = modules[std::string(input) + ".0"]->as<RowProjection>()->matrix();
      expect(std::string("layer.") + input, golden::unflatten(at::mm(batch.features[index], matrix.t()), layout).transpose(1, 2));
      expect(std::string("layer.") + encoder,
             golden::unflatten(modules[encoder]->as<Encoder>()->forward(batch.features[index], matrix, {}, layout, dropout), layout));
      ++index;
    }
    const auto encoded = network->encode(batch, dropout);
    const auto text = golden::unflatten(encoded[0], layout), audio = golden::unflatten(encoded[1], layout);
    const auto logits = network->logits(encoded);
    expect("text_feat", text);
    expect("audio_feat", audio);
    expect("fused", golden::unflatten(network->fuse(encoded), layout));
    expect("layer.all_output_layer", golden::unflatten(logits, layout));
    expect("log_prob", golden::unflatten(at::log_softmax(logits, 1), layout));

    const auto options =
        idcl::IDCLLossOptions::official().num_neighbors(config.at("K").get<int64_t>()).temperature(config.at("tau").get<double>());
    const auto nll = cross_entropy(logits, batch.labels, {}), idcl = F::idcl_pair_loss(text, audio, options);
    expect("nll", nll);
    expect("idcl_anchor_audio_target_text", F::idcl_loss(audio, text, options));
    expect("idcl_anchor_text_target_audio", F::idcl_loss(text, audio, options));
    expect("idcl", idcl);
    expect("total", nll + config.at("idcl_weight").get<double>() * idcl);
    expect("idcl_K15", F::idcl_pair_loss(text, audio, idcl::IDCLLossOptions::official().num_neighbors(15)));
  }
}

TEST_CASE("gradients of the total loss are those of the released model, and dead modules have none", "[model]") {
  const auto all = golden::tensors("golden_small.pt");
  const auto description = golden::description();
  const auto& config = description.at("config");
  const auto dead = description.at("parameters_without_gradient").get<std::vector<std::string>>();
  for (const auto& [prefix, dtype, relative, absolute] : kPrecisions) {
    auto network = golden::network("official_small.pth", dtype);
    const auto batch = golden::batch(all, "input.", Pooling::Padded, dtype);
    auto dropout = merc::Dropout::none();
    auto bank = MemoryBank::none();
    accumulate(*network, batch,
               {.idcl_weight = config.at("idcl_weight"),
                .num_neighbors = config.at("K"),
                .temperature = config.at("tau"),
                .pooling = Pooling::Padded,
                .arithmetic = Arithmetic::Official,
                .limit_neighbors = false},
               bank, dropout);
    double squares = 0;
    for (const auto& entry : network->named_parameters()) {
      const auto& name = entry.key();
      const auto& gradient = entry.value().grad();
      INFO(prefix << name);
      if (std::find(dead.begin(), dead.end(), name) != dead.end()) {
        CHECK_FALSE(gradient.defined());
        continue;
      }
      REQUIRE(gradient.defined());
      squares += gradient.square().sum().item<double>();
      // The softmax does not feel a bias of the keys: its gradient is rounding alone.
      const bool noise = name.ends_with("linear_k.bias");
      CHECK((noise || gradient.norm().item<double>() ==
                          Approx(all[prefix + std::string("grad_norm.") + name].item<double>()).epsilon(10 * relative)));
      if (dtype == at::kDouble) golden::require_close(name, gradient, all["f64.grad." + name], 1e-9, absolute);
    }
    CHECK(std::sqrt(squares) == Approx(all[prefix + std::string("grad_norm_total")].item<double>()).epsilon(10 * relative));
  }
}

TEST_CASE("packed rows and padded rows agree where both are defined", "[model]") {
  const auto all = golden::tensors("golden_small.pt");
  const auto config = golden::description().at("config");
  const Objective objective{.idcl_weight = 1, .num_neighbors = config.at("K"), .temperature = config.at("tau")};  // masked pooling
  auto dropout = merc::Dropout::none();
  std::vector<StateDict> gradients;
  std::vector<Tensor> logits;
  std::vector<Terms> terms;
  for (const auto layout : {Pooling::Masked, Pooling::Padded}) {
    auto network = golden::network("official_small.pth", at::kDouble);
    const auto batch = golden::batch(all, "input.", layout, at::kDouble);
    auto bank = MemoryBank::none();
    terms.push_back(accumulate(*network, batch, objective, bank, dropout));
    logits.push_back(network->logits(network->encode(batch, dropout)).index({batch.labels.ge(0)}));
    gradients.emplace_back();
    for (const auto& entry : network->named_parameters())
      if (entry.value().grad().defined()) gradients.back().insert(entry.key(), entry.value().grad());
  }
  golden::require_close("logits", logits[0], logits[1], 1e-10, 1e-12);
  CHECK(terms[0].loss == Approx(terms[1].loss).epsilon(1e-12));
  CHECK(terms[0].gradient_ratio == Approx(terms[1].gradient_ratio).epsilon(1e-10));
  for (const auto& entry : gradients[0]) golden::require_close(entry.key(), entry.value(), gradients[1][entry.key()], 1e-9, 1e-12);
}

TEST_CASE("the network without dead modules computes the same from the same file", "[model]") {
  const auto all = golden::tensors("golden_small.pt");
  const auto state = read_weights(golden::folder() / "official_small.pth");
  auto whole = golden::network("official_small.pth", at::kDouble);
  auto options = whole->options;
  options.architecture.dead_modules = false;
  Network lean(options);
  load(*lean, state, "official_small.pth");
  lean->to(at::kDouble);

  const auto dead = golden::description().at("parameters_without_gradient").get<std::vector<std::string>>();
  for (const auto& entry : lean->named_parameters()) CHECK(std::find(dead.begin(), dead.end(), entry.key()) == dead.end());
  CHECK(lean->named_parameters().size() + dead.size() == whole->named_parameters().size());

  auto dropout = merc::Dropout::none();
  const auto batch = golden::batch(all, "input.", Pooling::Padded, at::kDouble);
  CHECK(at::equal(lean->logits(lean->encode(batch, dropout)), whole->logits(whole->encode(batch, dropout))));
}

TEST_CASE("an official file of weights can be asked about a corpus", "[model]") {
  const auto all = golden::tensors("golden_small.pt");
  const auto description = golden::description();
  const auto batch = golden::batch(all, "input.", Pooling::Masked, at::kFloat);
  Corpus corpus;
  corpus.path = "golden";
  corpus.classes = description.at("config").at("n_classes");
  for (size_t m = 0; m < 2; ++m) corpus.modalities[m == 0 ? "text" : "audio"] = {batch.features[m].size(1), "float32"};
  for (const auto& span : batch.layout.spans) {
    auto& dialog = corpus.splits["test"].dialogs.emplace_back();
    for (int64_t row = span.first; row < span.first + span.rows; ++row) dialog.labels.push_back(batch.labels[row].item<int>());
    for (size_t m = 0; m < 2; ++m) {
      const auto rows = batch.features[m].narrow(0, span.first, span.rows).contiguous();
      const auto* values = rows.const_data_ptr<float>();
      dialog.features[m == 0 ? "text" : "audio"] = {rows.size(0), rows.size(1), {values, values + rows.numel()}};
    }
  }
  auto config = Config::official();
  config.model.heads = description.at("config").at("heads");
  const auto predictions = Classifier::from_weights(golden::folder() / "official_small.pth", config).predict(corpus, "test");
  const auto expected = all["f32.log_prob"].index({all["input.umask"].to(at::kBool)}).exp();  // [utterances, classes]
  golden::require_close("probabilities", at::tensor(predictions.probabilities).view_as(expected), expected, 1e-5, 1e-6);
  CHECK(predictions.loss == Approx(all["f64.nll"].item<double>()).epsilon(1e-6));
  for (int64_t row = 0; row < expected.size(0); ++row)
    CHECK(predictions.predicted[static_cast<size_t>(row)] == expected[row].argmax().item<int>());
}
