#include "losses/subjects.hpp"

#include "idcl/losses/clip.hpp"
#include "idcl/losses/idcl.hpp"
#include "idcl/losses/info_nce.hpp"
#include "idcl/losses/sup_con.hpp"

namespace idcl::test {

namespace {

namespace F = idcl::functional;

template <class Options>
Options asked(Options options, const Batch& batch, const Request& request) {
  return with(options.reduction(request.reduction), request.setting, batch.x.scalar_type());
}

oracle::Rows idcl_rows(const IDCLLossOptions& options, const Tensor& target, const Tensor& anchor, double temperature) {
  const auto s = oracle::similarities(target, target);
  const auto roles =
      oracle::nearest_positive(oracle::similarities(anchor, anchor), options.num_neighbors(), options.denominator() == "all");
  return options.form() == "in" ? oracle::inside(s, roles, temperature, options.epsilon()) : oracle::outside(s, roles, temperature);
}

Subject idcl_subject(const std::string& name, const IDCLLossOptions& options) {
  return {name,
          [=](const Batch& b, const Request& request) {
            return F::idcl_loss(b.y, b.x, asked(IDCLLossOptions(options).temperature(request.temperature), b, request));
          },
          [=](const Batch& b, double temperature) { return Directions{idcl_rows(options, b.x, b.y, temperature)}; },
          /*y_has_gradient=*/false};
}

Subject idcl_pair_subject(const std::string& name, const IDCLLossOptions& options) {
  return {name,
          [=](const Batch& b, const Request& request) {
            return F::idcl_pair_loss(b.x, b.y, asked(IDCLLossOptions(options).temperature(request.temperature), b, request));
          },
          [=](const Batch& b, double temperature) {
            return Directions{idcl_rows(options, b.x, b.y, temperature), idcl_rows(options, b.y, b.x, temperature)};
          }};
}

Directions tower_rows(const Batch& b, double temperature, bool cosine, bool symmetric) {
  const auto s = oracle::similarities(b.x, b.y, cosine);
  Directions rows{oracle::inside(s, oracle::diagonal_positive(s), temperature)};
  if (symmetric) rows.push_back(oracle::inside(oracle::transposed(s), oracle::diagonal_positive(s), temperature));
  return rows;
}

Subject info_nce_subject(const std::string& name, bool normalize, bool symmetric) {
  return {name,
          [=](const Batch& b, const Request& request) {
            const auto options = InfoNCELossOptions().normalize(normalize).symmetric(symmetric).temperature(request.temperature);
            return F::info_nce_loss(b.x, b.y, asked(options, b, request));
          },
          [=](const Batch& b, double temperature) { return tower_rows(b, temperature, normalize, symmetric); }};
}

Subject clip_subject(const std::string& name, bool normalize) {
  return {name,
          [=](const Batch& b, const Request& request) {
            return F::clip_loss(b.x, b.y, 1 / request.temperature, asked(ClipLossOptions().normalize(normalize), b, request));
          },
          [=](const Batch& b, double temperature) { return tower_rows(b, temperature, normalize, /*symmetric=*/true); }};
}

Subject sup_con_subject(const std::string& name, const std::string& form, bool references, bool normalize = true) {
  return {name,
          [=](const Batch& b, const Request& request) {
            auto options = asked(SupConLossOptions().form(form).temperature(request.temperature), b, request);
            if (!normalize) options.similarity(similarity::Dot{});
            return references ? F::sup_con_loss(b.x, b.x_labels, b.y, b.y_labels, options) : F::sup_con_loss(b.x, b.x_labels, options);
          },
          [=](const Batch& b, double temperature) {
            const auto s = oracle::similarities(b.x, references ? b.y : b.x, normalize);
            const auto roles = oracle::same_label_positive(s, b.x_labels, references ? b.y_labels : b.x_labels, !references);
            return Directions{form == "in" ? oracle::inside(s, roles, temperature) : oracle::outside(s, roles, temperature)};
          },
          /*y_has_gradient=*/references, /*uses_y=*/references};
}

}  // namespace

const std::vector<Subject>& subjects() {
  const auto idcl = [] { return IDCLLossOptions().num_neighbors(kNeighbors); };
  static const std::vector<Subject> all{
      idcl_subject("idcl", idcl()),
      idcl_subject("idcl, denominator all", idcl().denominator("all")),
      idcl_subject("idcl, form out", idcl().form("out")),
      idcl_subject("idcl, form out, denominator all", idcl().form("out").denominator("all")),
      idcl_subject("idcl, epsilon", idcl().epsilon(1e-3)),
      idcl_pair_subject("idcl_pair", idcl()),
      idcl_pair_subject("idcl_pair, denominator all", idcl().denominator("all")),
      idcl_pair_subject("idcl_pair, form out", idcl().form("out")),
      idcl_pair_subject("idcl_pair, epsilon", idcl().epsilon(1e-3)),
      info_nce_subject("info_nce", true, false),
      info_nce_subject("info_nce, not normalized", false, false),
      info_nce_subject("info_nce, symmetric", true, true),
      clip_subject("clip", true),
      clip_subject("clip, not normalized", false),
      sup_con_subject("sup_con", "out", false),
      sup_con_subject("sup_con, form in", "in", false),
      sup_con_subject("sup_con, not normalized", "out", false, /*normalize=*/false),
      sup_con_subject("sup_con, references", "out", true),
      sup_con_subject("sup_con, references, form in", "in", true),
  };
  return all;
}

}  // namespace idcl::test
