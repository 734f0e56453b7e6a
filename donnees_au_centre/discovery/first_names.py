"""First names of people, in small letters without accents."""

from __future__ import annotations

FIRST_NAMES = frozenset(
    """
    adam ahmed alain albert alexandre alexis ali alice aline amelie amina anais andre andrea anne annick
    antoine arnaud arthur aurelie axel ayoub baptiste benjamin benoit bernard bilal bruno camille carine
    caroline catherine cecile celine chantal charles charlotte chloe christelle christian christine
    christophe claire clara claude clement corinne cyril damien daniel daniele david delphine denis denise
    didier dirk dominique dylan eden elena eline elisabeth elise elodie emilie emma emmanuel eric erik
    estelle ethan eva evelyne fabian fabienne fabrice fatiha fatima florence florian francis franck francois
    francoise frank frederic gabriel gaetan genevieve geoffrey georges gerard ghislain gilles gregory
    guillaume guy hakim hamza hans hassan helene henri herve hugo ibrahim ines inge isabelle ismael
    jacqueline jacques jan jean jeanne jennifer jeremy jerome jessica jessy jo joel johan john jonathan jose
    joseph joshua jules julia julie julien juliette justine karim karin karine karl kevin khadija koen
    laetitia lara laura laure laurence laurent lea leila leo leon liam liliane lina lisa loic louis louise
    luc lucas lucie lucien ludovic lydia madeleine malika manon marc marcel margaux margot maria marianne
    marie marine mario marion marjorie mark martin martine maryse mathias mathieu mathilde matteo maud
    maurice maxime mehdi melanie melissa michael michel michele micheline mila mireille mohamed mohammed
    monique muriel myriam nadia nadine nathalie nathan nicolas nicole nina noah noemie nora nour olivia
    olivier oscar pascal pascale patricia patrick paul pauline peter philippe pierre pieter quentin rachel
    rachid raphael raymond renaud rene richard robert robin roger roland romain rosa sabine sabrina said
    salma samir samuel sandra sandrine sara sarah sebastien serge simon simone sofia sonia sophie stefan
    stephane stephanie steve steven suzanne sven sylvain sylvie tatiana theo theodore thibaut thierry thomas
    tim tom valentin valerie vanessa veronique victor victoria vincent virginie viviane walid walter wendy
    abdul adrian albert amy andrew angela ann anna anthony barbara betty bill bob brad brandon brenda brian
    carl carlos carol charlie chris christopher craig cynthia dan dave deborah debra dennis diane don donald
    donna dorothy doug douglas ed edward elizabeth ellen emily fred gary george greg gregg harold heather
    howard james janet jason jay jeff jeffrey jerry jim joan joe joyce juan judith justin kathleen keith
    kelly ken kenneth kim kyle larry linda luis luke margaret mary matt matthew megan mike nancy pamela pete
    phil philip ralph randy rebecca rick ron ronald roy russell ryan sam samantha scott sean sharon shirley
    susan ted teresa terry theresa todd tony vince virginia wayne
    alejandro alejandra almudena alvaro amanda ana angel angela angeles antonio araceli arturo beatriz
    begona belen bianca blanca carla carlo carmen cayetana cecilia chiara consuelo cristina diego
    dolores eduardo elisa emilia emilio enrique ernesto esperanza esteban esther eugenia fabio federica
    federico felipe felix fernanda fernando filippo francesca francesco francisca francisco gabriela
    gabriella giacomo gianni giorgio giovanna giovanni giulia giulio giuseppe gloria gonzalo guadalupe
    guillermo gustavo helena ignacio inmaculada irene isabel jaime javier jesus joana joao joaquin jordi
    jorge josefa juan juana karolina leonardo leticia lorena lorenzo lucia lucio luisa luiz manuel
    manuela marcela marcelo marcia marcio marco marcos margarita mariana marina marisa mateo mauricio
    mercedes miguel miriam montserrat natalia nuria pablo paco paola paolo patricio paula paulo pedro
    pilar rafael ramon raquel raul ricardo rita roberto rocio rodrigo rosario ruben salvador santiago
    sergio silvia simona sofia soledad stefano susana teresa thiago tomas vicente victoria vittorio
    ximena andreas angelika anja anke annette astrid bernd birgit bjorn brigitte christoph claudia
    dieter dietmar doris elke ernst erwin franz friedrich fritz gerda gerhard gisela gunter hannelore
    harald heidi heike heinrich heinz helga helmut herbert holger horst ilse ingrid jens joachim jochen
    jorg jurgen katharina katrin klaus lars lutz manfred markus matthias monika norbert oliver petra
    rainer ralf reinhard renate rolf rudiger sabine siegfried sigrid stefanie susanne thorsten torsten
    ulrich ulrike ursula uwe volker werner wilhelm wolfgang anouk arjen bart bram daan dries els femke
    geert gerrit greet hendrik henk hilde ingeborg jaap jeroen johanna joost joris jurgen kees kristof
    lieve liesbeth lotte luuk maarten marieke marijke marleen nele niels paulien pim rik roel ruud
    sander sofie stijn tessa thijs tine tineke veerle wim wouter agnieszka aleksander alina andrzej
    bogdan dmitri ewa galina grzegorz irina ivan jakub katarzyna krzysztof ludmila magdalena marek
    mikhail natasha nikolai oksana oleg olga pavel piotr sergei svetlana tatjana tomasz vladimir
    wojciech yuri abdallah abdellah aicha amine amir asma aziz brahim driss elif emre fatma fouad
    ghizlane hafsa hicham houda ikram imane jamal kenza khalid laila latifa leyla mehmet mohammad
    mostafa mounir murat mustafa naima najat omar osman rachida reda safae saida sana siham soufiane
    souad tarik yusuf zineb
    william willy xavier yann yannick yasmine yassine youssef yvan yves yvette yvonne zakaria zoe
    """.split()  # noqa: SIM905
)
