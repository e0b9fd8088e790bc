#include "trainer.hpp"

#include <nlohmann/json.hpp>

namespace merc {
namespace {

using Json = nlohmann::json;

Json write(const std::optional<SplitScore>& score) {
  return score ? Json{{"loss", score->loss}, {"accuracy", score->accuracy}, {"weighted_f1", score->weighted_f1}} : Json();
}

std::optional<SplitScore> read(const Json& json) {
  if (json.is_null()) return std::nullopt;
  return SplitScore{json.at("loss"), json.at("accuracy"), json.at("weighted_f1")};
}

}  // namespace

void to_json(Json& json, const EpochRecord& record) {
  json = {{"stage", record.stage},
          {"epoch", record.epoch},
          {"epochs", record.epochs},
          {"loss", record.loss},
          {"cross_entropy", record.cross_entropy},
          {"idcl", record.idcl},
          {"idcl_gradient_ratio", record.idcl_gradient_ratio},
          {"mean_cosine", record.mean_cosine},
          {"gradient_norm", record.gradient_norm},
          {"learning_rate", record.learning_rate},
          {"seconds", record.seconds},
          {"dev", write(record.dev)},
          {"test", write(record.test)},
          {"best", record.best}};
}

void from_json(const Json& json, EpochRecord& record) {
  record = {.stage = json.at("stage"),
            .epoch = json.at("epoch"),
            .epochs = json.at("epochs"),
            .loss = json.at("loss"),
            .cross_entropy = json.at("cross_entropy"),
            .idcl = json.at("idcl"),
            .idcl_gradient_ratio = json.at("idcl_gradient_ratio"),
            .mean_cosine = json.at("mean_cosine"),
            .gradient_norm = json.at("gradient_norm"),
            .learning_rate = json.value("learning_rate", 0.0),
            .seconds = json.at("seconds"),
            .dev = read(json.at("dev")),
            .test = read(json.at("test")),
            .best = json.at("best")};
}

}  // namespace merc
