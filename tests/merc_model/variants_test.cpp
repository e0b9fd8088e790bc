#include "support/catch.hpp"

#include "model/weights.hpp"
#include "tiny.hpp"
#include "train/classifier.hpp"
#include "train/objective.hpp"
#include "train/schedule.hpp"

#include <ATen/CPUGeneratorImpl.h>
#include <ATen/Functions.h>
#include <torch/csrc/autograd/autograd.h>
#include <idcl/losses/clip.hpp>
#include <idcl/losses/idcl.hpp>
#include <idcl/losses/info_nce.hpp>
#include <idcl/losses/multi_similarity.hpp>
#include <idcl/losses/nt_xent.hpp>
#include <idcl/losses/sig_lip.hpp>
#include <idcl/losses/sup_con.hpp>
#include <idcl/losses/triplet_margin.hpp>
#include <idcl/losses/vic_reg.hpp>

#include <filesystem>
#include <set>

using namespace merc;
namespace F = idcl::functional;

namespace {

/// Three dialogs of 3, 2 and 4 utterances, two modalities, some without a label; packed, or padded with rows that must not count.
struct Rows {
  Layout layout;
  Batch batch;
  Encoded encoded;
  Tensor valid;  ///< [9] int64

  explicit Rows(bool padded) {
    const std::vector<int64_t> lengths{3, 2, 4};
    const auto labels = at::tensor({1, 2, 1, -1, 2, 2, -1, 0, 2}, at::kLong);
    layout = padded ? Layout::padded(lengths) : Layout::packed(lengths);
    std::vector<int64_t> places;
    for (const auto& span : layout.spans)
      for (int64_t u = 0; u < span.utterances; ++u) places.push_back(span.first + u);
    valid = at::tensor(places, at::kLong);
    batch.layout = layout;
    batch.labels = at::full({layout.rows()}, -1, at::kLong).index_copy(0, valid, labels);
    auto generator = at::detail::createCPUGenerator(3);
    for (int modality = 0; modality < 2; ++modality)
      encoded.push_back(
          at::full({layout.rows(), 5}, 7.0, at::kDouble).index_copy(0, valid, at::randn({9, 5}, generator, at::kDouble)).requires_grad_());
  }

  double term(const Objective& objective) const {
    std::vector<Tensor> pooled;
    for (const auto& rows : encoded) pooled.push_back(pool(rows, layout, Pooling::Masked));
    return contrastive_term(encoded, pooled, batch, MemoryBank::none(), objective).item<double>();
  }
};

Network network_of(Architecture architecture, int64_t width = 4) {
  architecture.modalities = {"text"};
  architecture.hidden = 6;
  architecture.heads = 2;
  Network network(NetworkOptions{.architecture = architecture, .widths = {{"text", width}}, .classes = 3});
  initialize(*network, 5);
  return network;
}

std::vector<EpochRecord> with_dev_losses(const std::vector<double>& losses) {
  std::vector<EpochRecord> history;
  for (const double loss : losses) history.push_back({.loss = 9, .dev = SplitScore{.loss = loss}});
  return history;
}

}  // namespace

TEST_CASE("the contrastive term is the library's loss on the rows that are named, padding aside", "[contrast]") {
  for (const bool padded : {false, true}) {
    const Rows rows(padded);
    const auto text = rows.encoded[0].index_select(0, rows.valid), audio = rows.encoded[1].index_select(0, rows.valid);
    const auto text_dialogs = pool(rows.encoded[0], rows.layout, Pooling::Masked),
               audio_dialogs = pool(rows.encoded[1], rows.layout, Pooling::Masked);
    const auto labelled = at::tensor({0, 1, 2, 4, 5, 7, 8}, at::kLong), labels = at::tensor({1, 2, 1, 2, 2, 0, 2}, at::kLong);
    const auto sup_con = idcl::SupConLossOptions().temperature(0.4);
    const auto info_nce = idcl::InfoNCELossOptions().temperature(0.4).symmetric(true);

    const double by_label = F::sup_con_loss(at::cat({text, audio}, 1).index_select(0, labelled), labels, sup_con).item<double>();
    const double by_dialog_label =
        F::sup_con_loss(at::cat({text_dialogs, audio_dialogs}, 1), at::tensor({1, 2, 2}, at::kLong), sup_con).item<double>();
    const double paired = F::info_nce_loss(text, audio, info_nce).item<double>();
    const double neighbors = F::idcl_pair_loss(text, audio, idcl::IDCLLossOptions().num_neighbors(2).temperature(0.4)).item<double>();
    Objective objective{.num_neighbors = 2, .temperature = 0.4, .contrastive = Contrastive::SupCon, .contrast_on = ContrastOn::Utterance};
    CHECK(rows.term(objective) == Approx(by_label).epsilon(1e-12));
    objective.contrast_on = ContrastOn::Dialog;
    CHECK(rows.term(objective) == Approx(by_dialog_label).epsilon(1e-12));
    objective.contrast_on = ContrastOn::Both;
    CHECK(rows.term(objective) == Approx((by_label + by_dialog_label) / 2).epsilon(1e-12));
    objective.contrast_on = ContrastOn::Utterance;
    objective.contrastive = Contrastive::InfoNCE;
    CHECK(rows.term(objective) == Approx(paired).epsilon(1e-12));
    objective.contrastive = Contrastive::Idcl;
    CHECK(rows.term(objective) == Approx(neighbors).epsilon(1e-12));
  }
}

TEST_CASE("every contrastive loss of the library is there by its name, and each is another", "[contrast]") {
  const Rows rows(false);
  const auto text = rows.encoded[0], audio = rows.encoded[1];
  const auto labelled = at::tensor({0, 1, 2, 4, 5, 7, 8}, at::kLong), labels = at::tensor({1, 2, 1, 2, 2, 0, 2}, at::kLong);
  const auto side_by_side = at::cat({text, audio}, 1).index_select(0, labelled);
  const std::map<std::string, Tensor> expected{
      {"nt_xent", F::nt_xent_loss(side_by_side, labels, idcl::NTXentLossOptions().temperature(0.4))},
      {"triplet_margin", F::triplet_margin_loss(side_by_side, labels)},
      {"multi_similarity", F::multi_similarity_loss(side_by_side, labels)},
      {"clip", F::clip_loss(text, audio, 1 / 0.4)},
      {"sig_lip", F::sig_lip_loss(text, audio, 1 / 0.4, -10.0)},
      {"vic_reg", F::vic_reg_loss(text, audio)},
  };
  std::map<double, std::string> values;
  for (const auto& [name, loss] : contrastive_names) {
    INFO(name);
    if (loss == Contrastive::None) continue;
    const Objective objective{
        .num_neighbors = 2, .temperature = 0.4, .contrastive = loss, .contrast_on = ContrastOn::Utterance};
    const double value = rows.term(objective);
    CHECK(std::isfinite(value));
    if (name != "clip") CHECK(values.emplace(value, name).second);  // which is info_nce by another name of its temperature
    if (const auto known = expected.find(name); known != expected.end()) CHECK(value == Approx(known->second.item<double>()).epsilon(1e-12));
  }
  // The headers that hold such a loss: all but those of sequences, and of weights of their own.
  const std::set<std::string> others{"idcl", "trajectory_idcl", "soft_dtw", "arc_face", "cos_face", "large_margin_softmax", "normalized_softmax",
                                     "proxy_anchor", "proxy_nca", "soft_triple", "sphere_face", "sub_center_arc_face"};
  for (const auto& header : std::filesystem::directory_iterator(IDCL_LOSS_HEADERS)) {
    const auto name = header.path().stem().string();
    INFO(name);
    if (header.is_regular_file() && others.count(name) == 0) CHECK(contrastive_names.count(name) == 1);
  }
}

TEST_CASE("label smoothing gives a share of the target to all classes alike", "[objective]") {
  const auto logits = at::randn({6, 3}, at::kDouble);
  const auto labels = at::tensor({2, -1, 0, 1, -1, 2}, at::kLong);
  const auto log_p = at::log_softmax(logits, 1);
  double expected = 0;
  for (const int64_t row : {0, 2, 3, 5})
    for (int64_t c = 0; c < 3; ++c) expected -= ((labels[row].item<int64_t>() == c ? 0.8 : 0) + 0.2 / 3) * log_p[row][c].item<double>() / 4;
  CHECK(cross_entropy(logits, labels, {}, 0.2).item<double>() == Approx(expected).epsilon(1e-12));
}

TEST_CASE("a recurrent encoder reads each dialog by itself, in its order", "[network]") {
  auto network = network_of({.layers = 2, .dropout = 0, .backbone = Backbone::Gru});
  auto dropout = merc::Dropout::none();
  const auto features = at::randn({9, 4});
  const auto encode = [&](const Tensor& rows, const std::vector<int64_t>& lengths) {
    return network->encode({Layout::packed(lengths), {rows}, {}}, dropout)[0];
  };
  const auto together = encode(features, {2, 4, 3});
  for (const auto& [first, count] : {std::pair{0, 2}, std::pair{2, 4}, std::pair{6, 3}})
    CHECK(at::allclose(together.narrow(0, first, count), encode(features.narrow(0, first, count), {count}), 1e-5, 1e-6));
  CHECK_FALSE(at::allclose(encode(features.flip(0), {9}).flip(0), encode(features, {9})));
  CHECK(encode(features.narrow(0, 0, 0), {}).size(0) == 0);
}

TEST_CASE("fusions are what they say", "[network]") {
  const std::vector<Tensor> encoded{at::randn({5, 6}), at::randn({5, 6})};
  for (const auto fusion : {Fusion::Linear, Fusion::Nonlinear, Fusion::Gated}) {
    Network network(
        NetworkOptions{.architecture = {.hidden = 6, .heads = 2, .fusion = fusion}, .widths = {{"text", 4}, {"audio", 4}}, .classes = 3});
    initialize(*network, 5);
    const auto state = state_dict(*network);
    const auto map = state["last_concat.fc.weight"];
    auto expected = at::cat(encoded, 1).mm(map.t());
    if (fusion == Fusion::Nonlinear) expected = expected.clamp_min(0);
    if (fusion == Fusion::Gated) {
      const auto shares = at::softmax(at::cat(encoded, 1).mm(state["fusion_gate.fc.weight"].t()), 1);
      expected = at::cat({encoded[0] * shares.narrow(1, 0, 1), encoded[1] * shares.narrow(1, 1, 1)}, 1).mm(map.t());
    }
    CHECK(at::allclose(network->fuse(encoded), expected, 1e-5, 1e-6));
    CHECK(at::allclose(network->logits(encoded), expected.mm(state["all_output_layer.weight"].t()) + state["all_output_layer.bias"], 1e-5,
                       1e-6));
  }
}

TEST_CASE("pre-norm adds what came in, not its norm", "[network]") {
  const auto features = at::randn({7, 4});
  auto dropout = merc::Dropout::none();
  const auto encode = [&](const Architecture& architecture) {
    auto network = network_of(architecture);
    for (const auto& entry : state_dict(*network))  // an attention that says nothing
      if (entry.key().find("self_attn.linear.") != std::string::npos) {
        const at::NoGradGuard no_grad;
        Tensor(entry.value()).zero_();
      }
    return network->encode({Layout::packed(std::vector<int64_t>{7}), {features}, {}}, dropout)[0];
  };
  const auto plain = encode({.dropout = 0}), normed = encode({.dropout = 0, .norm_first = true}),
             pre_norm = encode({.dropout = 0, .pre_norm = true});
  CHECK(at::allclose(pre_norm, plain));
  CHECK_FALSE(at::allclose(normed, plain));
}

TEST_CASE("learning rates follow their schedule", "[schedule]") {
  Stage stage{.epochs = 10, .learning_rate = 0.4};
  CHECK(learning_rate(stage, {7, 0.5, 1}, {}) == 0.4);
  stage.warmup_epochs = 2;
  CHECK(learning_rate(stage, {0, 0, 0.5}, {}) == Approx(0.1));
  CHECK(learning_rate(stage, {1, 0.5, 1}, {}) == 0.4);
  stage.schedule = Schedule::Cosine;
  CHECK(learning_rate(stage, {2, 0, 1}, {}) == Approx(0.4));
  CHECK(learning_rate(stage, {6, 0, 1}, {}) == Approx(0.2));
  CHECK(learning_rate(stage, {9, 0.5, 1}, {}) == Approx(0.2 * (1 + std::cos(7.5 / 8 * std::acos(-1.0)))));
  stage = {.learning_rate = 0.4, .schedule = Schedule::Plateau, .schedule_patience = 2, .schedule_factor = 0.5};
  CHECK(learning_rate(stage, {3, 0, 1}, with_dev_losses({3, 2, 2})) == 0.4);
  CHECK(learning_rate(stage, {4, 0, 1}, with_dev_losses({3, 2, 2, 4})) == 0.2);
  CHECK(learning_rate(stage, {5, 0, 1}, with_dev_losses({3, 2, 2, 4, 1})) == 0.2);
  CHECK(learning_rate(stage, {8, 0, 1}, with_dev_losses({3, 2, 2, 4, 1, 1, 1})) == 0.1);
}

TEST_CASE("accumulated batches make the step of their mean", "[train]") {
  auto data = tiny::corpus();
  auto& train = data.splits.at("train").dialogs;  // of one length each, so that the mean of the batches is the mean of all
  std::mt19937 random(7);
  for (auto& dialog : train) dialog = tiny::dialog(dialog.id, 5, {}, random);
  auto config = tiny::config(Ablation::A);
  config.model.dropout = 0;
  config.finetune.epochs = 1;
  const auto norm = [&](int64_t batch_size, int64_t accumulate) {
    config.finetune.batch_size = batch_size;
    config.finetune.accumulate = accumulate;
    tiny::Listener listener;
    tiny::run(data, config, listener);
    return listener.records.at(0).gradient_norm;
  };
  const double whole = norm(0, 1);
  CHECK(norm(4, 3) == Approx(whole).epsilon(1e-5));
  CHECK(norm(4, 5) == Approx(whole).epsilon(1e-5));
  CHECK(norm(4, 1) != Approx(whole).epsilon(1e-3));
}

TEST_CASE("every option trains, and a stopped run goes on to the same bits", "[resume]") {
  const auto data = tiny::corpus();
  std::vector<Config> variants(8, tiny::config(Ablation::B));
  for (auto& config : variants) config.finetune.memory_bank = 0, config.finetune.epochs = 4;
  variants[0].finetune.contrastive = Contrastive::SupCon;
  variants[0].finetune.contrast_on = ContrastOn::Both;
  variants[0].finetune.schedule = Schedule::Plateau;
  variants[0].finetune.schedule_patience = 1;
  variants[1].finetune.contrastive = Contrastive::InfoNCE;
  variants[1].finetune.contrast_on = ContrastOn::Utterance;
  variants[1].finetune.schedule = Schedule::Cosine;
  variants[1].finetune.warmup_epochs = 2;
  variants[2].model.backbone = Backbone::Gru;
  variants[2].model.fusion = Fusion::Gated;
  variants[3].model.pre_norm = true;
  variants[3].model.fusion = Fusion::Nonlinear;
  variants[3].model.layers = 2;
  variants[4].label_smoothing = 0.1;
  variants[4].class_weights = ClassWeights::Balanced;
  variants[4].finetune.accumulate = 2;
  variants[5].finetune.contrastive = Contrastive::None;
  variants[6].finetune.ema = 0.9;
  variants[6].finetune.group_by_length = true;
  variants[6].finetune.batch_size = 3;
  variants[6].model.speaker_embedding = true;
  variants[7].finetune.memory_bank = 8;
  variants[7].finetune.memory_bank_unique = true;
  for (const auto& config : variants) {
    const tiny::Folder folder("variants");
    tiny::Listener straight, first, rest;
    const auto expected = tiny::run(data, config, straight);
    tiny::run(data, config, first, {.folder = folder.path(), .resume = true, .stop = [asked = 0]() mutable { return ++asked == 2; }});
    const auto resumed = tiny::run(data, config, rest, {.folder = folder.path(), .resume = true});
    REQUIRE(rest.records.size() == 2);
    CHECK(resumed.predictions.at("test").probabilities == expected.predictions.at("test").probabilities);
    for (size_t e = 0; e < 4; ++e) {
      CHECK(resumed.history[e].loss == expected.history[e].loss);
      CHECK(resumed.history[e].learning_rate == expected.history[e].learning_rate);
      CHECK((expected.history[e].idcl_gradient_ratio > 0) == (config.finetune.contrastive != Contrastive::None));
    }
    CHECK(Classifier::from_run(folder.path()).predict(data, "test").predicted == expected.predictions.at("test").predicted);
  }
}

TEST_CASE("a cosine is not resumed towards another number of epochs", "[resume]") {
  auto config = tiny::config(Ablation::A);
  config.finetune.schedule = Schedule::Cosine;
  const tiny::Folder folder("cosine");
  const Run run{.folder = folder.path(), .resume = true};
  tiny::Listener listener;
  tiny::run(tiny::corpus(), config, listener, run);
  config.finetune.epochs = 9;
  CHECK_THROWS_WITH(tiny::run(tiny::corpus(), config, listener, run),
                    Catch::Matchers::Contains("is of a run of 6 epochs with `finetune.schedule` cosine"));
}
