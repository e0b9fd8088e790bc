#include "support/catch.hpp"

#include "train/config.hpp"

#include <nlohmann/json.hpp>

using namespace merc;
using Catch::Matchers::Equals;
using Json = nlohmann::json;

TEST_CASE("a configuration goes through JSON unchanged", "[config]") {
  for (const auto& config : {Config{}, Config::official()}) {
    const Json json = config;
    CHECK(Json(json.get<Config>()) == json);
    CHECK_NOTHROW(check(config));
  }
  CHECK(Json(Config{}) != Json(Config::official()));
}

TEST_CASE("what JSON leaves out keeps its default", "[config]") {
  const auto config = Json::parse(R"({"seed": 7, "finetune": {"epochs": 3}, "selection": "dev-loss"})").get<Config>();
  CHECK(config.seed == 7);
  CHECK(config.finetune.epochs == 3);
  CHECK(config.finetune.temperature == Config{}.finetune.temperature);
  CHECK(config.selection == Selection::DevLoss);
}

TEST_CASE("unknown keys and wrong types are named", "[config]") {
  const auto refused = [](const char* text) { return [text] { (void)Json::parse(text).get<Config>(); }; };
  CHECK_THROWS_WITH(refused(R"({"finetune": {"epoch": 3}})")(), Equals("config: unknown key `finetune.epoch`"));
  CHECK_THROWS_WITH(refused(R"({"sed": 3})")(), Equals("config: unknown key `sed`"));
  CHECK_THROWS_WITH(refused(R"({"finetune": {"epochs": "many"}})")(),
                    Equals("config: expected `finetune.epochs` to be a whole number, but got \"many\""));
  CHECK_THROWS_WITH(refused(R"({"seed": -1})")(), Equals("config: expected `seed` to be a whole number, not negative, but got -1"));
  CHECK_THROWS_WITH(refused(R"({"pooling": "max"})")(), Equals("config: expected `pooling` to be one of masked, padded, but got \"max\""));
  CHECK_THROWS_WITH(refused(R"({"model": 3})")(), Equals("config: expected `model` to be a table, but got 3"));
}

TEST_CASE("a contrastive term by labels needs one modality alone, and so does none", "[config]") {
  for (const auto* loss : {"sup_con", "triplet_margin", "none"}) {
    Json json{{"ablation", "B"}, {"model", {{"modalities", {"text"}}}}, {"finetune", {{"contrastive", loss}}}};
    CHECK_NOTHROW(check(json.get<Config>()));
  }
}

TEST_CASE("values that make no sense are named with what they may be", "[config]") {
  struct Case {
    const char* json;
    const char* message;
  };
  for (const auto& [json, message] : {
           Case{R"({"finetune": {"temperature": 0}})", "config: expected `finetune.temperature` to be finite and positive, but got 0.0"},
           Case{R"({"pretrain": {"learning_rate": -1}})",
                "config: expected `pretrain.learning_rate` to be finite and positive, but got -1.0"},
           Case{R"({"finetune": {"num_neighbors": 0}})", "config: expected `finetune.num_neighbors` to be at least 1, but got 0.0"},
           Case{R"({"finetune": {"epochs": 0}})", "config: expected `finetune.epochs` to be at least 1, but got 0.0"},
           Case{R"({"model": {"hidden": 30}})", "config: expected `model.hidden` to be a multiple of `model.heads` (8), but got 30.0"},
           Case{R"({"model": {"dropout": 1}})", "config: expected `model.dropout` to be in [0, 1), but got 1.0"},
           Case{R"({"model": {"modalities": []}})", "config: expected `model.modalities` to name at least one modality, but got none"},
           Case{R"({"model": {"modalities": ["text", "text"]}})", "config: `model.modalities` names \"text\" twice"},
           Case{R"({"ablation": "B", "model": {"modalities": ["text"]}})",
                "config: the contrastive term needs two modalities, but `model.modalities` names one; take ablation A"},
           Case{R"({"label_smoothing": 1})", "config: expected `label_smoothing` to be in [0, 1), but got 1.0"},
           Case{R"({"finetune": {"accumulate": 0}})", "config: expected `finetune.accumulate` to be at least 1, but got 0.0"},
           Case{R"({"finetune": {"schedule_factor": 1}})", "config: expected `finetune.schedule_factor` to be in (0, 1), but got 1.0"},
           Case{R"({"finetune": {"epochs": 5, "warmup_epochs": 5}})",
                "config: expected `finetune.warmup_epochs` to be less than `finetune.epochs` (5), but got 5.0"},
           Case{R"({"finetune": {"contrastive": "sup_con", "memory_bank": 4}})",
                "config: `finetune.memory_bank` is for dialogs contrasted by idcl; take 0, or `finetune.contrastive` idcl and "
                "`finetune.contrast_on` dialog or both"},
           Case{R"({"finetune": {"contrast_on": "utterance", "positives": "random"}})",
                "config: `finetune.positives` is for dialogs contrasted by idcl; take feature, or `finetune.contrastive` idcl and "
                "`finetune.contrast_on` dialog or both"},
           Case{R"({"pretrain": {"contrastive": "sup_con", "memory_bank": 0}})",
                "config: expected `pretrain.contrastive` to be idcl or a loss of two modalities, such as info_nce, as stage 1 sees no labels and "
                "has no other term"},
           Case{R"({"finetune": {"ema": 1}})", "config: expected `finetune.ema` to be in [0, 1), but got 1.0"},
           Case{R"({"pretrain": {"ema": -0.1}})", "config: expected `pretrain.ema` to be in [0, 1), but got -0.1"},
           Case{R"({"finetune": {"group_by_length": true}})",
                "config: `finetune.group_by_length` is for batches, but `finetune.batch_size` 0 takes all dialogs in one; give a size, or "
                "leave it out"},
           Case{R"({"finetune": {"memory_bank_unique": true}})",
                "config: `finetune.memory_bank_unique` is for a bank, but `finetune.memory_bank` is 0; give a size, or leave it out"},
           Case{R"({"model": {"backbone": "gru"}, "pooling": "padded"})",
                "config: `model.backbone` gru has no padding, dead modules or norms; leave out `pooling` padded, `model.dead_modules`, "
                "`model.norm_first` and `model.pre_norm`"},
       })
    CHECK_THROWS_WITH(check(Json::parse(json).get<Config>()), Equals(message));
}
