// Losses over pairs against loops over their definitions, with their own defaults and with every option. Compiled for each set of subjects.

#include "losses_pairs/definitions.hpp"
#include "losses_pairs/inputs.hpp"

namespace {

using namespace idcl::test;

/// The triplets of these, and the two-sided pairs of lifted structure, have loops of their own in definition_test.cpp.
bool is_defined_elsewhere(const std::string& name) { return name == "triplet_margin" || name == "margin" || name == "lifted_structure"; }

oracle::Scene scene_of(const Subject& subject, const Tensors& in) {
  const bool towers = !subject.towers.empty(), self = !towers && !in.contains("ref_embeddings");
  const auto& x = in.at(towers ? subject.towers[0] : "embeddings");
  const auto& y = towers ? in.at(subject.towers[1]) : self ? x : in.at("ref_embeddings");
  oracle::Scene scene{.x = oracle::matrix_of(x),
                      .y = oracle::matrix_of(y),
                      .cosine = oracle::similarities(x, y),
                      .within_x = oracle::similarities(x, x),
                      .within_y = oracle::similarities(y, y),
                      .role = {},
                      .labels = {}};
  scene.role = towers ? oracle::diagonal_positive(scene.cosine)
                      : oracle::same_label_positive(scene.cosine, in.at("labels"), in.at(self ? "labels" : "ref_labels"), self);
  if (!towers)
    for (int64_t i = 0; i < x.size(0); ++i) scene.labels.push_back(in.at("labels")[i].item<int64_t>());
  return scene;
}

}  // namespace

TEST_CASE("losses over pairs are those of the loops over their definitions, by default and with every option") {
  for (const auto& subject : subjects()) {
    if (is_defined_elsewhere(subject.name)) continue;
    REQUIRE(oracle::definitions().contains(subject.name));
    auto requests = variants_of(subject);
    requests.push_back(Json::object());
    for (const bool references : {false, true}) {
      if (references && !subject.towers.empty()) continue;
      const auto in = random_inputs(subject, 11, 21, at::kDouble, references);
      const auto scene = scene_of(subject, in);
      for (const auto& options : requests) {
        if (options.contains("distance")) continue;  // the loops compare as the loss does by default
        const auto expected = static_cast<double>(oracle::definitions().at(subject.name)(scene, options));
        CHECK(expected > 0);
        for (const auto& setting : all_settings())
          check_close(name_of(subject, setting, (references ? "references, " : "") + options.dump()),
                      subject.loss(in, {options, setting}).item<double>(), expected, {1e-11, 0});
      }
    }
  }
}
